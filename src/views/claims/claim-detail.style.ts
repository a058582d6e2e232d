/** Layout of one claim: picture and rule side by side on a wide screen, one column on a narrow one. */
import { css } from "lit";

export const claimDetailStyle = css`
  article { display: flex; flex-direction: column; gap: 1.1rem; }
  .way { display: flex; flex-wrap: wrap; gap: 0.2rem 1rem; align-items: baseline; }
  .way a, .sources a { color: var(--soft); text-underline-offset: 2px; }
  .way a { text-decoration: none; }
  .beside { display: inline-flex; gap: 1rem; white-space: nowrap; }
  .way a:hover { color: var(--ink); text-decoration: underline; }
  .grow { flex: 1; }
  .question { font-size: clamp(1.375rem, 2.6vw, 2.1rem); line-height: 1.2; letter-spacing: -0.015em; text-wrap: balance; max-width: 32ch; max-width: min(100%, 38ch); }
  blockquote { margin: 0; padding: 0.1rem 0 0.1rem 1.1rem; border-left: 3px solid var(--strong); display: flex; flex-direction: column; gap: 0.3rem; max-width: 84ch; }
  .zh { font-size: 1.125rem; line-height: 1.6; }
  .zh::before { content: "“"; } .zh::after { content: "”"; }
  .en { color: var(--soft); }
  .views { display: flex; flex-wrap: wrap; gap: 0.4rem; }
  .views button { display: inline-flex; gap: 0.45rem; align-items: center; }
  .views button[aria-pressed="true"] .soft { color: inherit; opacity: 0.8; }
  .views .shape { width: 0.85em; height: 0.85em; }
  .result { display: flex; flex-direction: column; gap: 1.1rem; min-width: 0; }
  .spoiled.result { padding: 1rem; margin: 0 -1rem; border-radius: 10px; border: 2px dashed var(--wrong); background: repeating-linear-gradient(135deg, transparent 0 14px, rgb(var(--shade) / 0.035) 14px 28px); }
  .stamp { font-weight: 650; color: var(--wrong); }
  .banner { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0.8rem 1.6rem; align-items: start; padding: 1.1rem 1.2rem; border-radius: 10px; background: var(--surface); border-left: 5px solid var(--strong); }
  .banner.supports { border-left-color: var(--right); }
  .banner.mixed { border-left-color: var(--icl); }
  .banner.refutes { border-left-color: var(--wrong); }
  .word { display: flex; flex-direction: column; gap: 0.2rem; }
  .word .verdict { font-size: 1.5rem; line-height: 1.2; font-weight: 650; }
  .word .agrees { color: var(--soft); }
  .why { display: flex; flex-direction: column; gap: 0.3rem; max-width: 88ch; }
  .seeds { display: flex; flex-wrap: wrap; gap: 0.2rem 0.9rem; }
  .wide, .controls { grid-column: 1 / -1; }
  .controls { display: flex; flex-wrap: wrap; gap: 0.5rem 0.8rem; align-items: center; }
  .controls input { width: auto; max-width: 100%; margin-left: 0.3rem; }
  .main { background: var(--ink); color: var(--ground); border-color: var(--ink); font-weight: 600; padding: 0.3rem 1rem; }
  .main:disabled { background: none; color: var(--faint); border-color: var(--line); }
  .anew { display: flex; flex-wrap: wrap; gap: 0.3rem 0.8rem; align-items: baseline; border: 1.5px dashed var(--soft); border-radius: 8px; padding: 0.6rem 0.8rem; background: var(--ground); }
  .tag { font-size: var(--small); font-weight: 600; }
  .anew > span:last-child { flex: 1 1 20rem; }
  .pair { display: grid; grid-template-columns: minmax(0, 1fr) minmax(18rem, 24rem); gap: 1.1rem 2.2rem; align-items: start; }
  .pictures { display: flex; flex-direction: column; gap: 0.9rem; min-width: 0; }
  .first claim-figure { --chart-height: 340px; }
  .others { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 0.9rem; }
  .others claim-figure { --chart-height: 240px; }
  .placeholder { border: 1px dashed var(--strong); border-radius: var(--radius); min-height: 300px; display: grid; place-items: center; padding: 1rem; text-align: center; }
  aside { display: flex; flex-direction: column; gap: 1.5rem; }
  aside section, .numbers, .explanations section { display: flex; flex-direction: column; gap: 0.5rem; min-width: 0; }
  h3 { font-size: var(--body); }
  h3 .soft { font-weight: 400; font-size: var(--small); }
  code { font: 600 0.85em var(--mono); }
  article a { color: inherit; }
  sub { font-size: 0.75em; line-height: 0; }
  .sources, .remarks { margin: 0; padding-left: 1.1rem; color: var(--soft); display: flex; flex-direction: column; gap: 0.25rem; }
  .recalled { border-bottom: 1px dotted var(--soft); white-space: nowrap; }
  .explanations { display: grid; grid-template-columns: minmax(0, 1.5fr) minmax(0, 1fr) minmax(0, 1fr); gap: 1.6rem 2.6rem; border-top: 1px solid var(--line); padding-top: 1.3rem; margin-top: 0.4rem; }
  .explanations p, .explanations dd { max-width: 72ch; }
  aside .verdict { display: inline-flex; vertical-align: baseline; }
  .nowrap { white-space: nowrap; }
  .row { display: flex; flex-wrap: wrap; gap: 0.5rem 0.9rem; align-items: center; }
  dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0.4rem 1rem; margin: 0; }
  dt { color: var(--soft); font-size: var(--small); padding-top: 0.1rem; }
  dd { margin: 0; }
  @media (max-width: 900px) { .explanations { grid-template-columns: minmax(0, 1fr); } .pair { grid-template-columns: minmax(0, 1fr); } }
  @media (max-width: 560px) {
    .banner { grid-template-columns: minmax(0, 1fr); padding: 0.9rem; }
    .zh { font-size: 1.0625rem; }
    .spoiled.result { margin: 0 -0.6rem; padding: 0.6rem; }
    dl { grid-template-columns: minmax(0, 1fr); gap: 0.1rem; }
    dd { margin-bottom: 0.4rem; }
  }
`;
