// Package eventstore is the only door to the log: it appends, reads and follows, through the official client and
// nothing else. It turns events of the domain into bytes and back, and seals what is personal on the way in.
//
// What must hold:
//
//   - [Store.Append] takes an exact expected revision or [NoStream]. There is no "any": exactness is what makes a
//     repeated append have one effect for ever.
//   - An append is done, refused or unknown. An unknown one is sent again, byte for byte, until it is known. An event's
//     id is derived from its command ([EventID]), so even a repetition by another process is recognised.
//   - A plain personal value never leaves this package: it is sealed under the key of its stream's subject, and that key
//     is on disk before the append is sent. Where no event is personal, no key is made.
//   - A reader gets every event once and in order, or an error that says where it stopped. An event that cannot be
//     decoded ([Undecodable]) and a missing revision ([Gap]) are such errors; nothing is skipped.
//   - Every call ends when its context ends, whatever the client is doing.
//
// client.go keeps the client within bounds (its faults are listed there), codec.go and personal.go know the bytes,
// store.go appends and reads, follow.go follows, errors.go says what a client's error means.
package eventstore
