/** Layout of the probe page: one column on a narrow screen, the plan of four columns on a wide one. */
import { css } from "lit";

export const probePageStyle = css`
  :host > div { display: flex; flex-direction: column; gap: 0.9rem; }
  .question { display: grid; grid-template-columns: minmax(0, 1fr) 248px; gap: 1.5rem; align-items: center; }
  .ask { display: flex; flex-direction: column; gap: 0.6rem; min-width: 0; }
  .sentence { font-size: var(--large); line-height: 1.35; font-weight: 500; }
  .about summary { cursor: pointer; color: var(--soft); }
  .about p { margin-top: 0.4rem; max-width: 72ch; }
  .player { display: flex; flex-wrap: wrap; gap: 0.4rem; align-items: center; }
  .columns { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 0.9rem; }
  .dots { display: none; }
  .pair { display: grid; grid-template-columns: minmax(0, 1.15fr) minmax(0, 1fr); gap: 0.9rem; align-items: stretch; }
  accuracy-chart { --chart-height: 220px; }
  .multiples { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 0.9rem; }
  .readout { display: flex; flex-direction: column; gap: 0.45rem; border-top: 1px solid var(--line); padding-top: 0.7rem; margin-top: 0.6rem; }
  @media (max-width: 1180px) {
    .columns { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  accuracy-chart { --chart-height: 220px; }
  .multiples { grid-template-columns: repeat(2, minmax(0, 1fr)); }
    .pair { grid-template-columns: minmax(0, 1fr); }
  }
  @media (max-width: 720px) {
    .question { grid-template-columns: minmax(0, 1fr); }
    problem-picture { max-width: 300px; margin: 0 auto; }
    .columns { display: flex; align-items: flex-start; overflow-x: auto; scroll-snap-type: x mandatory; padding-bottom: 0.3rem; }
    .columns > * { flex: 0 0 88%; scroll-snap-align: start; }
    .dots { display: flex; justify-content: center; gap: 0.5rem; margin-top: -0.6rem; }
    .dots button { width: 28px; height: 28px; min-height: 0; border-radius: 50%; padding: 0; background: none; border: 0; display: grid; place-items: center; }
    .dots button::before { content: ""; width: 10px; height: 10px; border-radius: 50%; border: 2px solid var(--soft); }
    .dots button[aria-current="true"]::before { background: var(--ink); border-color: var(--ink); }
  accuracy-chart { --chart-height: 220px; }
  .multiples { grid-template-columns: minmax(0, 1fr); }
  }
`;
