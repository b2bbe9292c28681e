// Package notify tells the outside what happened: it publishes every event of the log to NATS JetStream, stripped of all
// that is personal, and runs the notifiers that send mail and call webhooks from there.
//
// The way of one event: [Fanout] follows the log and publishes a [Message] under the event's id; the stream keeps it for
// 14 days; a [Dispatcher] hands it to each configured [Notifier] through a durable consumer of the notifier's own and
// writes in the table notify.deliveries what became of it.
//
// What must hold:
//
//   - The broker is a loudspeaker and never a memory. The log says what happened, PostgreSQL says how far we have come;
//     a stream that was lost is published again from the log.
//   - A message holds ids, names of types, dates and positions, and nothing sealed. A sender that needs an address reads
//     it from the log, and opens it last of all.
//   - The checkpoint never passes an event that the broker has not acknowledged.
//   - A delivery is written down as begun before anything leaves the house, and as sent afterwards. A crash between the
//     two repeats that one delivery, under the same id; none is lost and no other is sent twice.
//   - Histories that were imported or invented are never sent, and what is older than a day when it is first seen waits
//     for a person's word.
package notify
