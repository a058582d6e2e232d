/** Draws a component again whenever something that it shows fires `change`, for as long as it is on the page. */
import type { ReactiveController, ReactiveControllerHost } from "lit";

export class Follow implements ReactiveController {
  /** How often that was; passed on, it makes a child draw again too, whose properties are the same objects as before. */
  revision = 0;
  private followed: readonly EventTarget[] = [];

  /**
   * @param sources  asked for when the component comes to the page, in `super.connectedCallback()`
   * @param heard    what else is to be done about a change, before the drawing
   */
  constructor(private readonly host: ReactiveControllerHost, private readonly sources: () => readonly EventTarget[], private readonly heard: () => void = () => undefined) {
    host.addController(this);
  }

  hostConnected(): void {
    this.followed = this.sources();
    for (const source of this.followed) source.addEventListener("change", this.hear);
  }

  hostDisconnected(): void {
    for (const source of this.followed) source.removeEventListener("change", this.hear);
    this.followed = [];
  }

  private readonly hear = (): void => {
    this.heard();
    this.revision++;
    this.host.requestUpdate();
  };
}
