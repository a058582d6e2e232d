/** Layout of the table of claims: columns on a wide screen, a card for each claim on a narrow one. */
import { css } from "lit";

export const claimsOverviewStyle = css`
  :host { display: flex; flex-direction: column; gap: 1.4rem; }
  .hero { display: grid; grid-template-columns: minmax(0, 1.35fr) minmax(0, 1fr); gap: 1.5rem 3.5rem; align-items: start; padding: 0.8rem 0 0.6rem; }
  .say { display: flex; flex-direction: column; gap: 1rem; }
  .say h2 { font-size: clamp(1.375rem, 2.6vw, 2.1rem); line-height: 1.2; letter-spacing: -0.015em; text-wrap: balance; }
  .say h2 em { font-style: normal; color: var(--latent-ink); white-space: nowrap; }
  .say p { max-width: 66ch; }
  .run { display: flex; flex-wrap: wrap; gap: 0.5rem 0.9rem; align-items: center; }
  .main { background: var(--ink); color: var(--ground); border-color: var(--ink); font-weight: 600; padding: 0.35rem 1rem; }
  .main:hover:not(:disabled) { opacity: 0.88; }
  .board { display: flex; flex-direction: column; gap: 0.8rem; padding-top: 0.4rem; }
  .board h3 { font-weight: 600; }
  .shapes { list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: 2px; font-size: 1.05rem; }
  .shapes a { display: grid; place-items: center; width: 1.75rem; height: 1.75rem; border-radius: 5px; }
  .shapes a:hover { background: var(--surface); }
  .shapes .none .shape { color: var(--strong); }
  .shapes .running .shape { color: var(--ink); animation: breathe 1.4s ease-in-out infinite; }
  @keyframes breathe { 50% { opacity: 0.25; } }
  .tally { display: flex; flex-wrap: wrap; gap: 0.4rem 1.6rem; margin: 0; }
  .tally div { display: flex; gap: 0.5rem; align-items: baseline; }
  .tally dd { margin: 0; font-size: var(--large); font-weight: 650; line-height: 1; font-variant-numeric: tabular-nums; }
  .tally dt { font-size: var(--small); }
  .invitation { display: flex; flex-direction: column; gap: 0.35rem; margin-top: 0.3rem; }
  .invitation ul { list-style: none; margin: 0; padding: 0; display: flex; flex-direction: column; gap: 0.3rem; }
  .invitation li { display: grid; grid-template-columns: 5.4rem minmax(0, 1fr) auto; gap: 0.6rem; align-items: baseline; }
  .invitation .verdict { font-size: var(--small); align-items: baseline; }
  .invitation .shape { transform: translateY(0.1em); }
  .invitation a { color: inherit; text-underline-offset: 3px; text-decoration-color: var(--strong); }
  .invitation a:hover { text-decoration-color: currentColor; }
  .filters { display: flex; flex-wrap: wrap; gap: 0.25rem; align-items: center; border-top: 1px solid var(--line); padding-top: 0.9rem; }
  .filters a { color: var(--soft); text-decoration: none; font-size: var(--small); padding: 0.2rem 0.65rem; border-radius: 999px; border: 1px solid transparent; }
  .filters a:hover { color: var(--ink); border-color: var(--line); }
  .filters a[aria-current="true"] { color: var(--ground); background: var(--ink); }
  .filters > span:first-child { margin-right: 0.3rem; }
  .filters > span:last-child { margin-left: auto; }
  .empty { padding: 2rem 0; }
  table { width: 100%; font-size: var(--body); }
  thead th { font-size: var(--small); text-align: left; border-bottom: 0; padding: 0; }
  thead th:nth-child(2) { width: 10.5rem; }
  thead th:nth-child(3) { width: 14rem; }
  thead th:nth-child(4) { width: 5.5rem; }
  th, td { text-align: left; vertical-align: top; padding: 0.7rem 0.6rem 0.7rem 0; }
  .system th { padding: 1.5rem 0 0.35rem; border-bottom: 1px solid var(--strong); }
  .system .name { font-weight: 650; margin-right: 0.6rem; }
  .system span { font-size: var(--small); }
  .system .name { font-size: 1.0625rem; }
  .system .says { margin-left: 0.6rem; }
  tbody tr:not(.system):hover { background: var(--surface); }
  .claim .name { display: grid; grid-template-columns: 3rem minmax(0, 1fr); }
  .id { font: 600 12px/1.9 var(--mono); color: var(--soft); }
  .text { display: flex; flex-direction: column; gap: 0.25rem; }
  .text a { color: var(--ink); font-weight: 600; text-decoration: none; }
  .text a:hover { text-decoration: underline; }
  .essay { font-size: var(--small); color: var(--soft); max-width: 92ch; }
  .essay q { quotes: "“" "”"; }
  .en { margin-left: 0.35rem; }
  .expects, .found { font-size: var(--small); padding-top: 0.8rem; }
  .last { display: flex; flex-direction: column; gap: 0.15rem; }
  .last > .small { overflow-wrap: anywhere; }
  td.act { text-align: right; padding-right: 0; }
  .act button { min-width: 4.6rem; }
  .foot { border-top: 0; max-width: 90ch; }
  @media (max-width: 1000px) { .hero { grid-template-columns: minmax(0, 1fr); } }
  @media (max-width: 760px) {
    thead { display: none; }
    table, tbody, tr, th, td { display: block; }
    tbody tr:not(.system) { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr) auto; gap: 0.3rem 0.8rem; align-items: end; padding: 0.8rem 0; border-bottom: 1px solid var(--line); }
    th, td { border-bottom: 0; padding: 0; }
    .claim { grid-column: 1 / -1; }
    .claim .name { grid-template-columns: 2.5rem minmax(0, 1fr); }
    .expects, .found { padding: 0; }
    .expects::before, .found::before { content: attr(data-label); display: block; color: var(--soft); font-size: 0.75rem; }
    .system .says { display: block; margin: 0.15rem 0 0; }
    .filters > span:last-child { margin-left: 0.4rem; }
  }
`;
