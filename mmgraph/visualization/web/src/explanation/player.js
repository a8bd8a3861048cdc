// Plays the sound, or a stretch of it, and tells where it is.

import { fromBase64 } from "./model.js";

export class Player {
  // audio: an element; sound: { mime, data } of the document. onTime(seconds), onState(playing), onFailure(error).
  constructor(audio, sound, { onTime, onState, onFailure }) {
    Object.assign(this, { audio, onTime, onState, onFailure, end: null });
    audio.src = URL.createObjectURL(new Blob([fromBase64(sound.data)], { type: sound.mime }));
    audio.addEventListener("play", () => {
      onState(true);
      this.follow();
    });
    audio.addEventListener("pause", () => onState(false));
    audio.addEventListener("ended", () => onState(false));
    // Frames stop in a hidden tab; this event does not.
    audio.addEventListener("timeupdate", () => this.look());
  }

  get playing() {
    return !this.audio.paused && !this.audio.ended;
  }

  toggle() {
    if (this.playing) {
      this.audio.pause();
      return;
    }
    this.end = null;
    this.start();
  }

  playStretch([start, end]) {
    this.end = end;
    this.audio.currentTime = start;
    this.start();
  }

  pause() {
    this.audio.pause();
  }

  start() {
    this.audio.play()?.catch((error) => {
      // A pause before the first sample is no failure.
      if (error.name !== "AbortError") this.onFailure(error);
    });
  }

  follow() {
    this.look();
    if (this.playing) requestAnimationFrame(() => this.follow());
  }

  look() {
    const time = this.audio.currentTime;
    if (this.end !== null && time >= this.end) {
      const end = this.end;
      this.audio.pause();
      this.end = null;
      this.audio.currentTime = end;
      this.onTime(end);
      return;
    }
    this.onTime(time);
  }
}
