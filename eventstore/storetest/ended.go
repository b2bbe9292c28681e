package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
)

// These cases are about subscriptions to streams that are not there, and about what is answered of streams that have ended.
var endedCases = []testCase{
	{name: "103 the first messages of a subscription", run: firstMessages},
	{name: "104 answers about a stream that has ended", deletes: true, run: answersAboutEnded},
	{name: "105 subscriptions to streams that have ended", deletes: true, run: followEnded},
	{name: "106 subscriptions to streams that end or appear", deletes: true, run: followAbsent},
	{name: "107 resend of what is hidden", deletes: true, run: resendHidden},
	{name: "114 metadata that has ended before its stream", deletes: true, run: endedMetadata},
}

// handlerFault is what a server says of a request that it did not expect.
const handlerFault = "Exception was thrown by handler."

// open begins a subscription without the client and answers how to take its messages, in short.
func (s *suite) open(client streams.StreamsClient, options *streams.ReadReq_Options) (next func() string) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	s.Cleanup(cancel)
	options.CountOption = &streams.ReadReq_Options_Subscription{Subscription: &streams.ReadReq_Options_SubscriptionOptions{}}
	call, err := client.Read(ctx, &streams.ReadReq{Options: options})
	s.ok(err)
	return func() string {
		m, err := call.Recv()
		if errors.Is(err, io.EOF) {
			return "end"
		}
		if err != nil {
			return err.Error()
		}
		switch content := m.Content.(type) {
		case *streams.ReadResp_Confirmation:
			if _, err := uuid.Parse(content.Confirmation.SubscriptionId); err != nil {
				return err.Error()
			}
			return "confirmation"
		case *streams.ReadResp_CaughtUp_:
			return "caught up"
		case *streams.ReadResp_Event:
			return fmt.Sprint(content.Event.GetEvent().GetStreamRevision())
		default:
			return fmt.Sprintf("%T", content)
		}
	}
}

// insist takes messages and compares them.
func (s *suite) insist(what string, next func() string, want ...string) {
	s.Helper()
	for i, w := range want {
		if got := next(); got != w {
			s.Fatalf("%s: message %d is %q, want %q", what, i, got, w)
		}
	}
}

func fromEnd(stream string) *streams.ReadReq_Options {
	o := streamRead(stream)
	o.GetStream().RevisionOption = &streams.ReadReq_Options_StreamOptions_End{End: &shared.Empty{}}
	return o
}

func fromRevision(stream string, revision uint64) *streams.ReadReq_Options {
	o := streamRead(stream)
	o.GetStream().RevisionOption = &streams.ReadReq_Options_StreamOptions_Revision{Revision: revision}
	return o
}

func firstMessages(s *suite) {
	client, ok := s.wire()
	if !ok {
		return
	}
	s.append(s.stream("a"), esdb.NoStream{}, 1, events(2)...)
	s.insist("from the start", s.open(client, streamRead(s.stream("a"))), "confirmation", "0", "1", "caught up")
	s.insist("after the first", s.open(client, fromRevision(s.stream("a"), 0)), "confirmation", "1", "caught up")
	s.insist("after the last", s.open(client, fromRevision(s.stream("a"), 1)), "confirmation", "caught up")
	s.insist("from beyond", s.open(client, fromRevision(s.stream("a"), 70)), "confirmation", "caught up")
	s.insist("from the end", s.open(client, fromEnd(s.stream("a"))), "confirmation", "caught up")
	s.insist("missing, from the end", s.open(client, fromEnd(s.stream("none"))), "confirmation", "caught up")
	// Of all there may be more at any time, and there is history.
	end := allRead(0, 0, 0)
	end.GetAll().AllOption = &streams.ReadReq_Options_AllOptions_End{End: &shared.Empty{}}
	s.insist("of all, from the end", s.open(client, end), "confirmation", "caught up")
	s.insist("of all, from beyond", s.open(client, allRead(math.MaxInt64, math.MaxInt64, 0)), "confirmation", "caught up")
	start := s.open(client, allRead(0, 0, 0))
	s.insist("of all, from the start", start, "confirmation")
	if got := start(); strings.Trim(got, "0123456789") != "" {
		s.Errorf("of all, from the start: the second message is %q", got)
	}
}

// answersAboutEnded asks everything that there is to ask of a stream that has ended.
func answersAboutEnded(s *suite) {
	client, ok := s.wire()
	if !ok {
		return
	}
	stream := s.stream("a")
	s.append(stream, esdb.NoStream{}, 1, events(2)...)
	_, err := s.client.TombstoneStream(s.ctx, stream, esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Revision(1)})
	s.ok(err)
	read := func(o *streams.ReadReq_Options) func(...grpc.CallOption) error {
		return func(options ...grpc.CallOption) error {
			call, err := client.Read(s.ctx, &streams.ReadReq{Options: o}, options...)
			if err == nil {
				_, err = call.Recv()
			}
			return err
		}
	}
	back, follow := streamRead(stream), streamRead(stream)
	back.ReadDirection = streams.ReadReq_Options_Backwards
	follow.CountOption = &streams.ReadReq_Options_Subscription{Subscription: &streams.ReadReq_Options_SubscriptionOptions{}}
	for what, ask := range map[string]func(...grpc.CallOption) error{
		"read": read(streamRead(stream)), "read backwards": read(back), "subscription": read(follow),
		"append": func(options ...grpc.CallOption) error {
			call, err := client.Append(s.ctx, options...)
			s.ok(err)
			s.ok(call.Send(appendOptions(stream, exactly(1))))
			s.ok(call.Send(proposal(nil)))
			_, err = call.CloseAndRecv()
			return err
		},
		"delete": func(options ...grpc.CallOption) error {
			_, err := client.Delete(s.ctx, &streams.DeleteReq{Options: &streams.DeleteReq_Options{
				StreamIdentifier: identifier(stream), ExpectedStreamRevision: &streams.DeleteReq_Options_Any{Any: &shared.Empty{}},
			}}, options...)
			return err
		},
		"tombstone": func(options ...grpc.CallOption) error {
			_, err := client.Tombstone(s.ctx, &streams.TombstoneReq{Options: &streams.TombstoneReq_Options{
				StreamIdentifier: identifier(stream), ExpectedStreamRevision: &streams.TombstoneReq_Options_NoStream{NoStream: &shared.Empty{}},
			}}, options...)
			return err
		},
	} {
		var trailer metadata.MD
		err := ask(grpc.Trailer(&trailer))
		s.answered(what, err, codes.FailedPrecondition, "Event stream '"+stream+"' is deleted.")
		for key, want := range map[string]string{"exception": "stream-deleted", "stream-name": stream} {
			if got := strings.Join(trailer.Get(key), " "); got != want {
				s.Errorf("%s: trailer %s is %q, want %q", what, key, got, want)
			}
		}
	}
}

// followEnded subscribes to streams that have ended. Who asks for what comes after the end is not refused, and waits.
func followEnded(s *suite) {
	client, ok := s.wire()
	if !ok {
		return
	}
	stream := s.stream("a")
	s.append(stream, esdb.NoStream{}, 1, events(2)...)
	s.describe(stream, func(m *esdb.StreamMetadata) { m.SetMaxCount(7) })
	_, err := s.client.TombstoneStream(s.ctx, stream, esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Any{}})
	s.ok(err)
	for _, from := range []esdb.StreamPosition{esdb.Start{}, esdb.Revision(0), esdb.Revision(900)} {
		_, err = s.client.SubscribeToStream(s.ctx, stream, esdb.SubscribeToStreamOptions{From: from})
		s.refused(err, esdb.ErrorCodeStreamDeleted)
	}
	s.insist("from the end", s.open(client, fromEnd(stream)), "confirmation", "caught up")
	s.insist("its metadata, from the end", s.open(client, fromEnd("$$"+stream)), "confirmation", "caught up")
	short := 300 * time.Millisecond
	subscription, err := s.client.SubscribeToStream(s.ctx, stream, esdb.SubscribeToStreamOptions{Deadline: &short})
	s.ok(err)
	f := s.follow(subscription)
	s.revisions(f.untilCaughtUp())
	s.answered("at the deadline", f.dropped(), codes.DeadlineExceeded, "")
}

// followAbsent subscribes to streams that are not there, and makes them end, or appear.
func followAbsent(s *suite) {
	client, ok := s.wire()
	if !ok {
		return
	}
	ended := s.stream("ended")
	wait := s.open(client, streamRead(ended))
	s.insist("never there", wait, "confirmation")
	_, err := s.client.TombstoneStream(s.ctx, ended, esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Any{}})
	s.ok(err)
	if got := wait(); !strings.Contains(got, "is deleted") {
		s.Errorf("ended before it was there: %q", got)
	}
	deleted := s.stream("deleted")
	s.append(deleted, esdb.NoStream{}, 2, events(3)...)
	s.ok(s.remove(deleted, esdb.Any{}))
	wait = s.open(client, streamRead(deleted))
	s.insist("deleted", wait, "confirmation")
	s.describe(deleted, func(m *esdb.StreamMetadata) { m.SetMaxCount(7) })
	s.insist("shown again", wait, "caught up") // it has no events that are shown
	s.append(deleted, esdb.Revision(2), 3, event(`{}`))
	s.insist("begun again", wait, "3")
	counted := s.stream("counted")
	s.describe(counted, func(m *esdb.StreamMetadata) { m.SetMaxCount(1) })
	wait = s.open(client, streamRead(counted))
	s.insist("described only", wait, "confirmation")
	s.append(counted, esdb.NoStream{}, 2, events(3)...)
	s.insist("begun, of one event", wait, "2", "caught up")
}

// resendHidden sends events again that no read shows any more: they are known, and have no position.
func resendHidden(s *suite) {
	client, ok := s.wire()
	if !ok {
		return
	}
	again := func(stream string, expected *streams.AppendReq_Options, p *streams.AppendReq, revision uint64, shown bool) {
		s.Helper()
		answer, _, err := s.send(client, appendOptions(stream, expected), p)
		s.ok(err)
		success := answer.GetSuccess()
		if success == nil || success.GetCurrentRevision() != revision || (success.GetPosition() != nil) != shown ||
			(success.GetNoPosition() != nil) == shown {
			s.Errorf("%s: %v", stream, answer)
		}
	}
	none := &streams.AppendReq_Options{ExpectedStreamRevision: &streams.AppendReq_Options_NoStream{NoStream: &shared.Empty{}}}
	deleted, cut, p := s.stream("deleted"), s.stream("cut"), proposal(nil)
	again(deleted, none, p, 0, true)
	again(deleted, none, p, 0, true)
	s.ok(s.remove(deleted, esdb.Any{}))
	again(deleted, none, p, 0, false)
	again(deleted, &streams.AppendReq_Options{ExpectedStreamRevision: anything}, p, 0, false)
	_, err := s.tryRead(deleted, esdb.Forwards, esdb.Start{}, 1)
	s.refused(err, esdb.ErrorCodeResourceNotFound) // nothing was written
	p = proposal(nil)
	again(cut, none, p, 0, true)
	s.append(cut, esdb.Revision(0), 2, events(2)...)
	again(cut, none, p, 0, true)
	s.describe(cut, func(m *esdb.StreamMetadata) { m.SetTruncateBefore(1) })
	again(cut, none, p, 0, false)
}

// endedMetadata ends metadata alone: it hides nothing any more, and counts as existing still.
func endedMetadata(s *suite) {
	end := func(stream string) {
		_, err := s.client.TombstoneStream(s.ctx, "$$"+stream, esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Any{}})
		s.ok(err)
	}
	stream := s.stream("a")
	s.append(stream, esdb.NoStream{}, 2, events(3)...)
	s.describe(stream, func(m *esdb.StreamMetadata) { m.SetMaxCount(1) })
	s.revisions(s.whole(stream), 2)
	end(stream)
	s.revisions(s.whole(stream), 0, 1, 2)
	end(s.stream("b"))
	s.append(s.stream("b"), esdb.StreamExists{}, 0, event(`{}`))
}
