// Package projections turns the log into the tables that people ask.
//
// A read model is a pure function of the log: [Model] says which rows a folded case
// has, and the one [Runner] does everything else. It follows the log, folds the config
// stream and the cases in memory, and writes for each batch the final rows of the cases
// it touched together with the checkpoint, in one transaction. So a row is never ahead
// of the checkpoint and never behind it, and a crash leaves either the whole batch or
// nothing of it.
//
// What must hold:
//
//   - No column depends on the present time. Whether something is overdue is judged by
//     a query, from due instants.
//   - Nothing personal stands in clear. Sealed values may be kept as ciphertext.
//   - The next event of a stream has the last revision plus one. A lower one has been
//     applied; a higher one stops the runner ([GapError]).
//   - An event that cannot be projected parks its own case, with its position, and the
//     others go on. An event of an unknown type ([domain.UnknownEvent]) and a log that is not the one the
//     checkpoint was made from ([ForkError]) stop the runner.
//   - Live rows, a rebuild and the rows for a report as of some moment come from the
//     same functions, so that they cannot differ. [Check] proves it.
//
// Tables have generations: the schema read_<n> holds one complete set, and the views of
// the schema read show the live one. [Rebuild] makes the next generation beside it and
// swaps. Only checkpoint and parked cases have migrations.
package projections
