// Package postgres is the private PostgreSQL of "redress serve": a server that
// Redress makes, starts and stops in its own data folder when no other has been
// named. It listens on a unix socket only and knows no passwords: the operating
// system says who connects, and only the user who started it may.
//
// The rest of the program sees a connection string and nothing else, so the same
// code runs against any PostgreSQL from version 15 up.
//
// # What must hold
//
//   - A data folder is only ever started by the major version that made it. It is
//     never deleted, emptied or upgraded here; a folder that does not fit is refused
//     with a sentence that says what to do.
//   - One process at a time: an flock on the folder is taken before anything else.
//   - The application's role owns its database and is no superuser.
//   - The server is a child and not a daemon. It dies with its parent, even when that
//     is killed, and the next start waits until its last process has gone.
//
// # The folder
//
// Start is given one folder and keeps in it:
//
//	lock              the flock
//	cluster/          the data folder of PostgreSQL; the owner of its PG_VERSION
//	                  decides under which user it runs
//	cluster.unfinished/  an initdb that was interrupted; begun again by the next start
//	socket            the folder of the socket, or a link to one where this path is
//	                  too long for a socket
//	server.log        what the server said since it was started, and server.log.1
//	                  what it said the time before
//
// Package pgtest gives a test a database of its own, and [Migrate] brings the tables
// of one owner up to date.
package postgres
