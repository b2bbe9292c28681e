package eventstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// ErrUnavailable is returned when the event store could not be reached before the context ended. Nothing was appended.
var ErrUnavailable error = outage("the event store cannot be reached")

// ErrUnknownOutcome is returned when the context ended while it was not known whether an append had been done. The same
// append, sent again at any time, finds out and has no second effect.
var ErrUnknownOutcome error = outage("it is not known whether the append was done")

// ErrDamaged is returned for an append when the event store takes none, because its log is damaged. Nothing was appended.
var ErrDamaged error = outage("the event store takes no appends, because its log is damaged")

// outage is the error of a call with which nothing is wrong but its time.
type outage string

func (o outage) Error() string { return string(o) }

// Unavailable says that the same call may be made again later. Edges ask for it with errors.As, and need not know us.
func (outage) Unavailable() bool { return true }

// ErrClosed is returned by a [Store] that has been closed.
var ErrClosed = errors.New("the event store's client is closed")

// ErrNoEvent is returned where there is no event at the place that was asked for.
var ErrNoEvent = errors.New("there is no such event")

// Conflict is returned by an append whose stream has moved on, or is not where the caller thought it was. Nothing was
// appended.
type Conflict struct {
	Stream   string
	Expected Expected
	// Actual is where the stream stood when the append was refused, nil if the server has not said. By the time it is
	// read the stream may have moved on.
	Actual *Expected
}

// Error names the stream, what was expected of it and, where it is known, where it was.
func (e *Conflict) Error() string {
	if e.Actual == nil {
		return fmt.Sprintf("stream %s is not at %s", e.Stream, e.Expected)
	}
	return fmt.Sprintf("stream %s is not at %s but at %s", e.Stream, e.Expected, *e.Actual)
}

// conflict makes the error of an append that the server refused with err. The client has put what the server said into
// words, and keeps nothing else of it.
func conflict(stream string, expected Expected, err error) *Conflict {
	c := &Conflict{Stream: stream, Expected: expected}
	_, said, found := strings.Cut(cause(err).Error(), "but got '")
	if said, _, closed := strings.Cut(said, "'"); found && closed {
		if revision, err := strconv.ParseUint(said, 10, 63); err == nil {
			c.Actual = new(At(revision))
		} else if said == "no_stream" {
			c.Actual = new(NoStream)
		}
	}
	return c
}

// Undecodable says that the log holds an event that this program cannot read: its type or version is unknown, or its
// bytes are not what they should be. Err is the cause, a [*domain.UnknownEvent] for the former.
type Undecodable struct {
	Position uint64
	Stream   string
	Revision uint64
	Type     string
	Err      error
}

// Error names the event's place and the cause; it never shows content.
func (e *Undecodable) Error() string {
	return fmt.Sprintf("the event at position %d (%s, revision %d, %s) cannot be decoded: %v", e.Position, e.Stream, e.Revision, e.Type, e.Err)
}

// Unwrap returns the cause.
func (e *Undecodable) Unwrap() error { return e.Err }

// Gap says that a stream's revisions do not follow one another: an event is missing, or comes twice.
type Gap struct {
	Position uint64 // of the event that was found
	Stream   string
	Want     uint64 // the revision that should have come
	Found    uint64 // the revision that came
}

// Error names the stream and both revisions.
func (e *Gap) Error() string {
	return fmt.Sprintf("stream %s: revision %d came at position %d where %d was due", e.Stream, e.Found, e.Position, e.Want)
}

// panicked is what a panic of the client's is turned into.
type panicked struct{ value any }

func (e *panicked) Error() string {
	return fmt.Sprintf("the event store's client panicked: %v", e.value)
}

// outcome is what is known of an append.
type outcome int

const (
	done outcome = iota
	conflicting
	refused
	unknown
)

// judge says what an append's error tells about its outcome. Only a short list of answers is definite; whatever is not
// in it, above all a broken connection and a deadline, leaves the outcome unknown. esdb.FromError is of no use here: it
// does not look into wrapped errors.
func judge(err error) outcome {
	if err == nil {
		return done
	}
	if e, ok := errors.AsType[*esdb.Error](err); ok {
		switch e.Code() {
		case esdb.ErrorCodeWrongExpectedVersion:
			return conflicting
		case esdb.ErrorCodeAccessDenied, esdb.ErrorCodeUnauthenticated, esdb.ErrorCodeStreamDeleted, esdb.ErrorCodeUnsupportedFeature:
			return refused
		}
	}
	switch status.Code(cause(err)) {
	case codes.InvalidArgument, codes.PermissionDenied, codes.Unauthenticated, codes.Unimplemented, codes.FailedPrecondition:
		return refused
	}
	return unknown
}

// closed reports whether the server takes no appends at all, because its log is damaged: that is no answer to one that was
// sent before.
func closed(err error) bool { return status.Code(cause(err)) == codes.FailedPrecondition }

// cause digs out the gRPC status that the client has wrapped.
func cause(err error) error {
	if e, ok := errors.AsType[*esdb.Error](err); ok && e.Err() != nil {
		return e.Err()
	}
	return err
}

// broken reports whether an error means that the connection should be given up: the server is gone, or the client is
// dead or in a state that nobody foresaw.
func broken(err error) bool {
	if err == nil {
		return false
	}
	if _, ok := errors.AsType[*panicked](err); ok {
		return true
	}
	if e, ok := errors.AsType[*esdb.Error](err); ok {
		switch e.Code() {
		case esdb.ErrorUnavailable, esdb.ErrorCodeConnectionClosed:
			return true
		}
	}
	return status.Code(cause(err)) == codes.Unavailable
}

// passing reports whether a read that failed this way is worth another try: reads are safe to repeat.
func passing(err error) bool {
	if broken(err) {
		return true
	}
	if e, ok := errors.AsType[*esdb.Error](err); ok && e.Code() == esdb.ErrorCodeNotLeader {
		return true
	}
	switch status.Code(cause(err)) {
	case codes.Aborted, codes.DeadlineExceeded, codes.Internal:
		return true
	}
	return false
}

func notFound(err error) bool {
	e, ok := errors.AsType[*esdb.Error](err)
	return ok && e.Code() == esdb.ErrorCodeResourceNotFound
}

// ended wraps the end of a context, so that callers can tell it from the store's own errors.
func ended(ctx context.Context, reason error) error {
	return fmt.Errorf("%w: %w", reason, context.Cause(ctx))
}
