/** A progress bar on a terminal, a line now and then elsewhere. */

const width = 30;

/** One step of work that can be watched. */
export interface Progress {
  /** Share done, 0 to 1, and what to say beside it. */
  update(share: number, text: string): void;
  done(text: string): void;
}

/** Begins a step. */
export function progress(title: string): Progress {
  let last = 0;
  const line = (text: string) => process.stdout.write(`\r\u001b[2K${text}`);
  return {
    update(share, text) {
      const now = Date.now();
      if (now - last < (process.stdout.isTTY ? 80 : 5_000)) return;
      last = now;
      const filled = Math.round(Math.min(1, Math.max(0, share)) * width);
      const bar = `${"█".repeat(filled)}${"░".repeat(width - filled)}`;
      if (process.stdout.isTTY) line(`${title} ${bar} ${Math.floor(share * 100)} %  ${text}`);
      else console.log(`${title}: ${Math.floor(share * 100)} %  ${text}`);
    },
    done(text) {
      if (process.stdout.isTTY) line("");
      console.log(`${title}: ${text}`);
    },
  };
}

/** Bytes as people say them. */
export function sizeOf(bytes: number): string {
  if (bytes < 1e3) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}
