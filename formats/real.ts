/** REAL as text, the way SQLite 3.53 writes it, so that careful and fast path give the same bytes. */

/** Digits that are always exact to read back, and digits that always tell two doubles apart (IEEE 754). */
const shortDigits = 15;
const longDigits = 17;

/** A finite double as `quote()` writes it: 15 digits where they read back the same, else 17; always with `.` or `e`. */
export function realText(value: number): string {
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const short = value.toExponential(shortDigits - 1);
  const text = Number(short) === value ? short : value.toExponential(longDigits - 1);
  const parts = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (parts === null) throw new RangeError(`Cannot write ${value} as a REAL: it is not finite`);
  const [, sign = "", lead = "", tail = "", power = ""] = parts;
  const digits = (lead + tail).replace(/0+$/, "") || "0";
  const exponent = Number(power);
  // printf's %g: exponent form below 1e-4 and from the 17th digit on; its `!` flag keeps one digit behind the point.
  if (exponent < -4 || exponent >= longDigits) {
    const sized = String(Math.abs(exponent)).padStart(2, "0");
    return `${sign}${digits[0]}.${digits.slice(1) || "0"}e${exponent < 0 ? "-" : "+"}${sized}`;
  }
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return `${sign}${whole}.${digits.slice(exponent + 1) || "0"}`;
}
