// Package queries answers every question: it holds every SELECT of the read models, the
// measures of the reports, the replay of a case and the verification of the log.
//
// Read models are asked within one transaction that is pinned to one generation of tables
// at one position of the log, so that an answer is never half old and half new, and says
// what it was made from. A replay and a report as of some moment come from the log itself,
// by the fold and the same SQL. Nothing here decides and nothing here writes, but for
// temporary tables.
package queries
