package node

import (
	"context"
	"strconv"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	trailers "google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// These are the answers that clients tell apart: the code, and the value of the trailer "exception".
var (
	errUnavailable = status.Error(codes.Unavailable, "Server Is Not Ready")
	errHandler     = status.Error(codes.Unknown, "Exception was thrown by handler.")
	errReadResult  = status.Error(codes.Unknown, "Unexpected ReadStreamResult: Error")
	errAllResult   = status.Error(codes.Unknown, "Unexpected ReadAllResult: Error")
	errTooSlow     = status.Error(codes.Aborted, "Operation timed out: Consumer too slow to handle event while live. "+
		"Client resubscription required.")
	errNoMethod  = status.Error(codes.Unimplemented, "Method is unimplemented.")
	errNoService = status.Error(codes.Unimplemented, "Service is unimplemented.")
	errDiskRead  = status.Error(codes.DataLoss, "The disk failed to read the log.")

	errFilteredReadResult = status.Error(codes.Unknown, "Unexpected FilteredReadAllResult: Error")
)

func invalid(text string) error { return status.Error(codes.InvalidArgument, text) }

// notSet answers that a message's options leave open what they must choose. The text names the choice as a real server
// does, which says what is missing to whoever knows the protocol.
func notSet(message, choice string) error {
	return notA("None", message+"+Types+Options+"+choice+"OneofCase")
}

// notA answers that a value is none of a type, which has the name that a real server gives it.
func notA(value, kind string) error {
	return invalid("'" + value + "' is not a valid EventStore.Client.Streams." + kind)
}

func dataLoss(err *CorruptError) error { return status.Error(codes.DataLoss, err.Error()) }

// trail sets trailers from pairs. The client panics over an exception whose companions are missing.
func trail(ctx context.Context, pairs ...string) {
	grpc.SetTrailer(ctx, trailers.Pairs(pairs...))
}

func accessDenied(ctx context.Context) error {
	trail(ctx, "exception", "access-denied")
	return status.Error(codes.PermissionDenied, "Access Denied")
}

func streamDeleted(ctx context.Context, stream string) error {
	trail(ctx, "exception", "stream-deleted", "stream-name", stream)
	return status.Errorf(codes.FailedPrecondition, "Event stream '%s' is deleted.", stream)
}

func tooLarge(ctx context.Context, limit int) error {
	trail(ctx, "exception", "maximum-append-size-exceeded", "maximum-append-size", strconv.Itoa(limit))
	return status.Errorf(codes.InvalidArgument, "Maximum Append Size of %d Exceeded.", limit)
}

func missingMetadata(ctx context.Context, name string) error {
	trail(ctx, "exception", "missing-required-metadata-property", "required-metadata-properties", "type,content-type")
	return status.Errorf(codes.InvalidArgument, "Required Metadata Property '%s' is missing", name)
}

func wrongRevision(ctx context.Context, stream string, expected expectation, current int64) error {
	trail(ctx, "exception", "wrong-expected-version", "stream-name", stream,
		"expected-version", strconv.FormatInt(int64(expected), 10), "actual-version", strconv.FormatInt(current, 10))
	return status.Errorf(codes.FailedPrecondition,
		"Delete failed due to WrongExpectedVersion. Stream: %s, Expected version: %d, Actual version: %d",
		stream, expected, current)
}
