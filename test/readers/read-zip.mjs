// Reads an archive with three packages, two of which go front to back; prints the bytes of each entry, by package and name, as JSON.
import { on } from "node:events";
import { createReadStream } from "node:fs";
import { promisify } from "node:util";
import unzipStream from "unzip-stream";
import unzipper from "unzipper";
import yauzl from "yauzl";

const [path] = process.argv.slice(2);
const bytesOf = async (stream) => (await Array.fromAsync(stream)).reduce((sum, chunk) => sum + chunk.length, 0);

async function byYauzl() {
  const zip = await promisify(yauzl.open)(path, { lazyEntries: true });
  const found = {};
  zip.readEntry();
  for await (const [entry] of on(zip, "entry", { close: ["end"] })) {
    found[entry.fileName] = await bytesOf(await promisify(zip.openReadStream.bind(zip))(entry));
    zip.readEntry();
  }
  return found;
}

function byStream(parser) {
  return new Promise((resolve, reject) => {
    const reading = [];
    const names = [];
    createReadStream(path)
      .pipe(parser)
      .on("error", reject)
      .on("entry", (entry) => {
        names.push(entry.path);
        reading.push(bytesOf(entry));
      })
      .on("close", async () => {
        const sizes = await Promise.all(reading);
        resolve(Object.fromEntries(names.map((name, at) => [name, sizes[at]])));
      });
  });
}

const outcome = (promise) => promise.catch((error) => String(error));
console.log(
  JSON.stringify({
    yauzl: await outcome(byYauzl()),
    unzipper: await outcome(byStream(unzipper.Parse())),
    "unzip-stream": await outcome(byStream(unzipStream.Parse())),
  }),
);
