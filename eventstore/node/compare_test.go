package node

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	trailers "google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// modelRun is a node and the model that it is held against.
type modelRun struct {
	*testing.T
	client streams.StreamsClient
	model  *model
	rand   *rand.Rand
	trail  []string
}

func (r *modelRun) compare(what, got, want string) {
	r.Helper()
	r.trail = append(r.trail, what+": "+want)
	if got != want {
		r.Fatalf("%s\n%s: got %q, want %q", strings.Join(r.trail[max(0, len(r.trail)-40):], "\n"), what, got, want)
	}
}

func refusal(err error, wrong string) string {
	switch {
	case err == nil:
		return "removed"
	case status.Code(err) == codes.FailedPrecondition && strings.HasSuffix(status.Convert(err).Message(), "is deleted."):
		return "deleted"
	case status.Code(err) == codes.FailedPrecondition && wrong != "":
		return "wrong " + wrong
	}
	return err.Error()
}

func (r *modelRun) id(n uint64) *shared.UUID {
	return &shared.UUID{Value: &shared.UUID_Structured_{Structured: &shared.UUID_Structured{LeastSignificantBits: int64(n)}}}
}

func (r *modelRun) expectation(stream string) (int64, *streams.AppendReq_Options) {
	o := &streams.AppendReq_Options{StreamIdentifier: identifier(stream)}
	switch n := r.rand.IntN(10); {
	case n < 2:
		o.ExpectedStreamRevision = &streams.AppendReq_Options_Any{Any: &shared.Empty{}}
		return -2, o
	case n < 4:
		o.ExpectedStreamRevision = &streams.AppendReq_Options_StreamExists{StreamExists: &shared.Empty{}}
		return -4, o
	case n < 6:
		o.ExpectedStreamRevision = &streams.AppendReq_Options_NoStream{NoStream: &shared.Empty{}}
		return -1, o
	default:
		expected := max(0, int64(len(r.model.streams[stream]))-1-max(0, int64(r.rand.IntN(6)-3)))
		if r.rand.IntN(12) == 0 {
			expected++
		}
		o.ExpectedStreamRevision = &streams.AppendReq_Options_Revision{Revision: uint64(expected)}
		return expected, o
	}
}

func (r *modelRun) append(stream string) {
	expected, o := r.expectation(stream)
	ids := make([]uint64, r.rand.IntN(4))
	for i := range ids {
		ids[i] = 1 + uint64(r.rand.IntN(60))
	}
	if n := len(r.model.streams[stream]); n > 0 && r.rand.IntN(3) == 0 { // a resend
		from := r.rand.IntN(n)
		ids = ids[:0]
		for _, e := range r.model.streams[stream][from:min(n, from+1+r.rand.IntN(3))] {
			if e.id != 0 {
				ids = append(ids, e.id)
			}
		}
	}
	data := "{}"
	if original, ok := strings.CutPrefix(stream, "$$"); ok {
		n := int64(r.rand.IntN(60))
		data = []string{
			fmt.Sprintf(`{"$tb":%d}`, n), fmt.Sprintf(`{"$maxCount":%d}`, n+1), fmt.Sprintf(`{"$maxCount":%d,"own":[1]}`, n/8+1),
			fmt.Sprintf(`{"$tb":%d,"$maxCount":%d}`, n/2, n/3+1), "nothing", `{}`,
		}[r.rand.IntN(6)]
		if len(ids) == 0 && r.model.softDeleted(original) {
			return // the node does not show a stream again for an append of nothing to its metadata
		}
	}
	want, undelete := r.model.check(stream, expected, ids)
	call, err := r.client.Append(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	call.Send(&streams.AppendReq{Content: &streams.AppendReq_Options_{Options: o}})
	for _, id := range ids {
		call.Send(&streams.AppendReq{Content: &streams.AppendReq_ProposedMessage_{ProposedMessage: &streams.AppendReq_ProposedMessage{
			Id: r.id(id), Metadata: map[string]string{"type": "x", "content-type": jsonContent}, Data: []byte(data),
		}}})
	}
	answer, err := call.CloseAndRecv()
	what := fmt.Sprintf("append %d %v %s to %s", expected, ids, data, stream)
	if err != nil {
		r.compare(what, refusal(err, ""), want)
		return
	}
	if w := answer.GetWrongExpectedVersion(); w != nil {
		current := int64(-1)
		if revision, ok := w.CurrentRevisionOption.(*streams.AppendResp_WrongExpectedVersion_CurrentRevision); ok {
			current = int64(revision.CurrentRevision)
		}
		r.compare(what, fmt.Sprint("wrong ", current), want)
		return
	}
	s, revision, at := answer.GetSuccess(), int64(-1), "nowhere"
	if current, ok := s.CurrentRevisionOption.(*streams.AppendResp_Success_CurrentRevision); ok {
		revision = int64(current.CurrentRevision)
	}
	if p := s.GetPosition(); p != nil {
		at = fmt.Sprint(p.CommitPosition)
	}
	got := fmt.Sprintf("done %d at %s", revision, at)
	if want != "" {
		r.compare(what, got, want)
		return
	}
	last := r.model.wrote(stream, ids, data, undelete)
	r.compare(what, fmt.Sprint("done ", revision), fmt.Sprint("done ", last))
	r.places()
	if len(ids) > 0 && s.GetPosition().GetCommitPosition() != r.model.streams[stream][last].position {
		r.Fatalf("%s: answered position %v, it is %d", what, s.GetPosition(), r.model.streams[stream][last].position)
	}
}

// places takes the positions of the newest events from the log, and compares what the node wrote of itself.
func (r *modelRun) places() {
	for _, e := range r.messages(&streams.ReadReq_Options{
		StreamOption: &streams.ReadReq_Options_All{All: &streams.ReadReq_Options_AllOptions{
			AllOption: &streams.ReadReq_Options_AllOptions_End{End: &shared.Empty{}},
		}},
		ReadDirection: streams.ReadReq_Options_Backwards,
		CountOption:   &streams.ReadReq_Options_Count{Count: 5},
	}) {
		event := e.GetEvent().GetEvent()
		name, number := string(event.StreamIdentifier.StreamName), event.StreamRevision
		if all := r.model.streams[name]; number < uint64(len(all)) {
			all[number].position = event.CommitPosition
			if original := strings.TrimPrefix(name, "$$"); original != name {
				same := bytes.Equal(event.Data, []byte(all[number].data)) || modelSame(event.Data, []byte(all[number].data))
				if !same {
					r.Fatalf("%s %d is %s, want %s", name, number, event.Data, all[number].data)
				}
			}
		}
	}
}

func modelSame(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && fmt.Sprint(x) == fmt.Sprint(y)
}

func (r *modelRun) messages(o *streams.ReadReq_Options) []*streams.ReadResp {
	o.FilterOption = &streams.ReadReq_Options_NoFilter{NoFilter: &shared.Empty{}}
	o.UuidOption = &streams.ReadReq_Options_UUIDOption{}
	o.ControlOption = &streams.ReadReq_Options_ControlOption{Compatibility: 1}
	call, err := r.client.Read(r.Context(), &streams.ReadReq{Options: o})
	if err != nil {
		r.Fatal(err)
	}
	var all []*streams.ReadResp
	for {
		m, err := call.Recv()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			return append(all, &streams.ReadResp{Content: &streams.ReadResp_Confirmation{
				Confirmation: &streams.ReadResp_SubscriptionConfirmation{SubscriptionId: refusal(err, "")},
			}})
		}
		all = append(all, m)
	}
}

func (r *modelRun) read(stream string) {
	from, count := int64(r.rand.IntN(80)), int64(1+r.rand.IntN(70))
	o := &streams.ReadReq_Options_StreamOptions{
		StreamIdentifier: identifier(stream), RevisionOption: &streams.ReadReq_Options_StreamOptions_Revision{Revision: uint64(from)},
	}
	back := r.rand.IntN(2) == 0
	if r.rand.IntN(4) == 0 {
		from, o.RevisionOption = 0, &streams.ReadReq_Options_StreamOptions_Start{Start: &shared.Empty{}}
	}
	if back && r.rand.IntN(4) == 0 {
		from, o.RevisionOption = -1, &streams.ReadReq_Options_StreamOptions_End{End: &shared.Empty{}}
	}
	direction, want := streams.ReadReq_Options_Forwards, ""
	if back {
		direction, want = streams.ReadReq_Options_Backwards, r.model.backwards(stream, from, count)
	} else {
		want = r.model.forwards(stream, from, count)
	}
	var got []string
	for _, m := range r.messages(&streams.ReadReq_Options{
		StreamOption: &streams.ReadReq_Options_Stream{Stream: o}, ReadDirection: direction,
		CountOption: &streams.ReadReq_Options_Count{Count: uint64(count)},
	}) {
		switch content := m.Content.(type) {
		case *streams.ReadResp_Event:
			got = append(got, fmt.Sprint(content.Event.GetEvent().GetStreamRevision()))
		case *streams.ReadResp_FirstStreamPosition:
			got = append(got, fmt.Sprint("first=", content.FirstStreamPosition))
		case *streams.ReadResp_LastStreamPosition:
			got = append(got, fmt.Sprint("last=", content.LastStreamPosition))
		case *streams.ReadResp_StreamNotFound_:
			got = append(got, "missing")
		case *streams.ReadResp_Confirmation:
			got = append(got, content.Confirmation.SubscriptionId)
		}
	}
	r.compare(fmt.Sprintf("read %s %s from %d, %d", stream, direction, from, count), strings.Join(got, " "), want)
}

// follow subscribes to a stream until it has caught up; a stream that is not there is left out, for it never would.
func (r *modelRun) follow(stream string) {
	from := int64(r.rand.IntN(40)) - 1
	o := &streams.ReadReq_Options_StreamOptions{StreamIdentifier: identifier(stream)}
	switch {
	case r.rand.IntN(4) == 0:
		from, o.RevisionOption = math.MaxInt64-1, &streams.ReadReq_Options_StreamOptions_End{End: &shared.Empty{}}
	case from < 0:
		o.RevisionOption = &streams.ReadReq_Options_StreamOptions_Start{Start: &shared.Empty{}}
	default:
		o.RevisionOption = &streams.ReadReq_Options_StreamOptions_Revision{Revision: uint64(from)}
	}
	want := []string{"confirmed"}
	switch last := r.model.lastNumber(stream); {
	case o.GetEnd() != nil:
	case last == modelDeleted:
		want = []string{"deleted"}
	case last < 0 || r.model.softDeleted(stream):
		return
	default:
		for n := max(from+1, r.model.minimum(stream)); n <= last; n++ {
			want = append(want, fmt.Sprint(n))
		}
	}
	if want[0] == "confirmed" {
		want = append(want, "caught up")
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	call, err := r.client.Read(ctx, &streams.ReadReq{Options: &streams.ReadReq_Options{
		StreamOption: &streams.ReadReq_Options_Stream{Stream: o},
		CountOption:  &streams.ReadReq_Options_Subscription{Subscription: &streams.ReadReq_Options_SubscriptionOptions{}},
		FilterOption: &streams.ReadReq_Options_NoFilter{NoFilter: &shared.Empty{}},
		UuidOption:   &streams.ReadReq_Options_UUIDOption{},
	}})
	if err != nil {
		r.Fatal(err)
	}
	var got []string
	for range want {
		m, err := call.Recv()
		switch {
		case err != nil:
			got = append(got, refusal(err, ""))
		case m.GetConfirmation() != nil:
			got = append(got, "confirmed")
		case m.GetCaughtUp() != nil:
			got = append(got, "caught up")
		default:
			got = append(got, fmt.Sprint(m.GetEvent().GetEvent().GetStreamRevision()))
		}
	}
	r.compare(fmt.Sprintf("subscribe to %s after %d", stream, from), strings.Join(got, " "), strings.Join(want, " "))
}

func (r *modelRun) remove(stream string) {
	expected, o := r.expectation(stream)
	hard := r.rand.IntN(8) == 0
	var err error
	var trailer trailers.MD
	if hard {
		request := &streams.TombstoneReq_Options{StreamIdentifier: o.StreamIdentifier}
		switch e := o.ExpectedStreamRevision.(type) {
		case *streams.AppendReq_Options_Revision:
			request.ExpectedStreamRevision = &streams.TombstoneReq_Options_Revision{Revision: e.Revision}
		case *streams.AppendReq_Options_Any:
			request.ExpectedStreamRevision = &streams.TombstoneReq_Options_Any{Any: e.Any}
		case *streams.AppendReq_Options_NoStream:
			request.ExpectedStreamRevision = &streams.TombstoneReq_Options_NoStream{NoStream: e.NoStream}
		case *streams.AppendReq_Options_StreamExists:
			request.ExpectedStreamRevision = &streams.TombstoneReq_Options_StreamExists{StreamExists: e.StreamExists}
		}
		_, err = r.client.Tombstone(r.Context(), &streams.TombstoneReq{Options: request}, grpc.Trailer(&trailer))
	} else {
		request := &streams.DeleteReq_Options{StreamIdentifier: o.StreamIdentifier}
		switch e := o.ExpectedStreamRevision.(type) {
		case *streams.AppendReq_Options_Revision:
			request.ExpectedStreamRevision = &streams.DeleteReq_Options_Revision{Revision: e.Revision}
		case *streams.AppendReq_Options_Any:
			request.ExpectedStreamRevision = &streams.DeleteReq_Options_Any{Any: e.Any}
		case *streams.AppendReq_Options_NoStream:
			request.ExpectedStreamRevision = &streams.DeleteReq_Options_NoStream{NoStream: e.NoStream}
		case *streams.AppendReq_Options_StreamExists:
			request.ExpectedStreamRevision = &streams.DeleteReq_Options_StreamExists{StreamExists: e.StreamExists}
		}
		_, err = r.client.Delete(r.Context(), &streams.DeleteReq{Options: request}, grpc.Trailer(&trailer))
	}
	want := r.model.remove(stream, expected, hard)
	r.compare(fmt.Sprintf("remove %s expecting %d, for ever: %v", stream, expected, hard), refusal(err, strings.Join(trailer.Get("actual-version"), " ")), want)
}

// TestModel holds the node against the model, over random calls.
func TestModel(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			n := startNode(t, t.TempDir(), Options{TestMode: true})
			connection, err := grpc.NewClient(n.Socket(), grpc.WithTransportCredentials(insecure.NewCredentials()))
			if err != nil {
				t.Fatal(err)
			}
			defer connection.Close()
			r := &modelRun{
				T: t, client: streams.NewStreamsClient(connection), rand: rand.New(rand.NewPCG(seed, 1)),
				model: &model{streams: map[string][]modelEvent{}, ended: map[string]bool{}, owners: map[uint64]modelOwner{}},
			}
			for range 600 {
				stream := string(rune('a' + r.rand.IntN(4)))
				meta := "$$" + stream
				switch n := r.rand.IntN(24); {
				case n >= 22:
					r.follow([]string{stream, meta}[n-22])
				case n < 8:
					r.append(stream)
				case n < 10:
					r.append(meta)
				case n < 17:
					r.read(stream)
				case n < 18:
					r.read(meta)
				default:
					r.remove(stream)
				}
			}
		})
	}
}
