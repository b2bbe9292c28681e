// Package legacy brings the export of an older system into the log as events.
//
// A mapping (YAML, see mappings/) says what the columns of one source mean: which column names the case, which row
// becomes which event, at what moment, with which values, and that everything else is sealed with the row. A council
// writes one for its own export without us. The path of a row is
//
//	file → Source (rows, with their line numbers) → Mapping (what each row says) → one append per case
//
// What must hold: every row of the file is counted exactly once (imported, already present, duplicate, rejected), a row
// is never half imported, importing again appends nothing, and no value of a row leaves the seal: the report names
// lines and rules, never contents. A crash in the middle is cured by running the import again: the rows that stand in
// the log are recognised by the keyed digests that they left in the metadata of their events.
package legacy
