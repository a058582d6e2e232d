/** Layout of the compare page: two sides, and below them what differs. */
import { css } from "lit";

export const comparePageStyle = css`
  :host > div { display: flex; flex-direction: column; gap: 0.9rem; }
  .question { display: flex; flex-direction: column; gap: 0.6rem; }
  .sentence { font-size: var(--large); line-height: 1.35; font-weight: 500; }
  .presets { display: flex; flex-wrap: wrap; gap: 0.35rem; align-items: center; }
  .presets button { border-radius: 999px; }
  .sides, .pair { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0.9rem; align-items: stretch; }
  trajectory-plot { --chart-height: 320px; }
  band-chart { --chart-height: 240px; }
  .tools { display: flex; flex-wrap: wrap; gap: 0.35rem 0.8rem; align-items: center; }
  .tools label { font-size: var(--small); color: var(--soft); display: flex; align-items: center; gap: 0.35rem; }
  .tools input[type="range"] { width: 80px; }
  .tools input[type="number"] { width: 4.6rem; color: var(--ink); }
  .tools output { color: var(--ink); min-width: 2.6em; }
  .tools select { color: var(--ink); }
  .rates { border-collapse: collapse; }
  .banner { border: 1px solid var(--wrong); border-radius: var(--radius); padding: 0.7rem 0.9rem; overflow-wrap: anywhere; }
  .table { max-height: none; border-top: 0; }
  .table table { width: 100%; }
  .table td, .rates td { white-space: nowrap; }
  .table tbody th { font-weight: 400; }
  .table th[scope="rowgroup"] { font-weight: 600; padding-top: 0.7rem; text-align: left; }
  @media (max-width: 1000px) { .sides, .pair { grid-template-columns: minmax(0, 1fr); } }
`;
