/** How an option is refused: what came, and what is allowed. */
import { ExportError } from "../errors.ts";

/** What was wrong with one option. */
interface Refusal {
  /** Its name, as the caller writes it. */
  readonly option: string;
  readonly received: string;
  readonly allowed: readonly string[];
  /** What is wrong. "Option … is …" where nothing else is said. */
  readonly problem?: string | undefined;
}

/** Throws `invalid_option`. */
export function refuse({ option, received, allowed, problem = `Option "${option}" is "${received}"` }: Refusal): never {
  throw new ExportError("invalid_option", `${problem}; allowed: ${allowed.join(", ")}`, {
    details: { option, received, allowed },
  });
}

/** Throws `invalid_option` if a request has other query parameters than these. */
export function rejectUnknownOptions(query: URLSearchParams, known: readonly string[]): void {
  for (const [name, value] of query)
    if (!known.includes(name)) refuseUnknown({ option: name, received: value, allowed: known }, "here");
}

/** Throws `invalid_option` for an option that there is not; `where` says for what there is none, and who has it. */
export function refuseUnknown(refusal: Omit<Refusal, "problem">, where: string): never {
  const { option, allowed } = refusal;
  return refuse({
    ...refusal,
    allowed: allowed.length === 0 ? ["none"] : allowed,
    problem: `There is no option "${option}" ${where}`,
  });
}
