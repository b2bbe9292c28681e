// Package accounts keeps who may sign in: accounts, their API tokens and their browser sessions, in the PostgreSQL
// schema `accounts`, which is no read model and cannot be rebuilt from the log.
//
// An account is a name and the id of a person in the log. What that person may do stands in the log alone
// (RoleGranted): nothing here gives a right, and whoever could write these tables could act as somebody but never widen
// what that somebody may do. Of a token only the SHA-256 is kept; it has 256 random bits, so it needs no slow hash.
package accounts
