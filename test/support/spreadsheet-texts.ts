/** What random texts are made of where spreadsheets are concerned. */

/** Signs that begin a formula, what may stand around them, and what ends a field or a text. */
export const formulaUnits: readonly string[] = Array.from("=+-@'\t\r\n\"\\;aé\uff1d\ufe63");
