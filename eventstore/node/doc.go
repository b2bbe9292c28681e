// Package node is an event store inside the process: it speaks EventStoreDB's gRPC protocol, so that the official
// client reaches it like any real server, and it keeps its log durable on disk. It stores bytes and knows nothing
// of what they mean.
//
// How it fits together, from the disk upwards:
//
//   - fs.go is the only way to the disk; tests put faults there.
//   - record.go: one append is one record, so that it is on disk whole or not at all.
//   - segment.go: records stand one after the other in segment files of about 64 MiB.
//   - index.go: which events a stream has, 16 bytes an event: in memory for the last segment; sealed.go keeps them in a
//     file beside each closed one.
//   - heads.go: the newest event of every stream, in memory, 8 bytes a stream.
//   - recover.go: what opening a folder may repair (an unfinished last write) and what it must refuse (all else).
//   - log.go and cursor.go: reading; writer.go: group commit; decide.go: the rules of expected revisions.
//   - scrub.go: reads the log again and again in the background; copy.go copies it while it grows.
//   - server.go, append.go, read.go, subscribe.go and so on: the protocol.
//
// What always holds: an append is answered only after fdatasync has returned; a reader sees only what is durable;
// positions are byte offsets into the whole log, rise strictly and are never given out twice; a record whose
// checksum does not match is never served. A failed write or sync stops the node for good: it is never tried again,
// because after a failed sync nobody knows what the disk holds. Damage that is found while it runs stops appends, and
// reading goes on.
package node
