package storetest

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/testing/protocmp"
)

// These cases speak the protocol without the client, for what it never sends or hides. They need a server without
// TLS.
var wireCases = []testCase{
	{name: "49 positions only for those who know them", run: positionMessages},
	{name: "50 string ids", run: stringIDs},
	{name: "51 options without sense", run: senselessOptions},
	{name: "52 wrong version, both generations", run: wrongVersionFields},
	{name: "53 trailers", run: refusalTrailers},
}

// wire answers the bare protocol for streams, or false if the server wants TLS.
func (s *suite) wire() (streams.StreamsClient, bool) {
	s.Helper()
	connection, ok := s.bare()
	return streams.NewStreamsClient(connection), ok
}

// bare answers a connection without the client, or false if the server wants TLS.
func (s *suite) bare() (*grpc.ClientConn, bool) {
	s.Helper()
	address := s.target.URL
	if rest, ok := strings.CutPrefix(address, "esdb://"); ok {
		host, query, _ := strings.Cut(rest, "?")
		if !strings.Contains(strings.ToLower(query), "tls=false") || strings.Contains(host, ",") {
			return nil, false
		}
		address = "passthrough:///" + host[strings.LastIndex(host, "@")+1:]
	}
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	s.ok(err)
	s.Cleanup(func() { connection.Close() })
	return connection, true
}

func identifier(stream string) *shared.StreamIdentifier {
	return &shared.StreamIdentifier{StreamName: []byte(stream)}
}

// streamRead answers a request that makes sense.
func streamRead(stream string) *streams.ReadReq_Options {
	return &streams.ReadReq_Options{
		StreamOption: &streams.ReadReq_Options_Stream{Stream: &streams.ReadReq_Options_StreamOptions{
			StreamIdentifier: identifier(stream),
			RevisionOption:   &streams.ReadReq_Options_StreamOptions_Start{Start: &shared.Empty{}},
		}},
		CountOption:  &streams.ReadReq_Options_Count{Count: 100},
		FilterOption: &streams.ReadReq_Options_NoFilter{NoFilter: &shared.Empty{}},
		UuidOption: &streams.ReadReq_Options_UUIDOption{
			Content: &streams.ReadReq_Options_UUIDOption_Structured{Structured: &shared.Empty{}},
		},
	}
}

// receive answers all messages of a read.
func (s *suite) receive(client streams.StreamsClient, options *streams.ReadReq_Options) ([]*streams.ReadResp, error) {
	call, err := client.Read(s.ctx, &streams.ReadReq{Options: options})
	if err != nil {
		return nil, err
	}
	var all []*streams.ReadResp
	for {
		m, err := call.Recv()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, m)
	}
}

func positionMessages(s *suite) {
	client, ok := s.wire()
	if !ok {
		return
	}
	s.append(s.stream("a"), esdb.NoStream{}, 2, events(3)...)
	from := func(revision uint64, direction streams.ReadReq_Options_ReadDirection) *streams.ReadReq_Options {
		o := streamRead(s.stream("a"))
		o.ReadDirection = direction
		o.GetStream().RevisionOption = &streams.ReadReq_Options_StreamOptions_Revision{Revision: revision}
		return o
	}
	for _, c := range []struct {
		options       *streams.ReadReq_Options
		compatibility uint32
		want          string
	}{
		{streamRead(s.stream("a")), 0, "0 1 2"},
		{streamRead(s.stream("a")), 1, "0 1 2 last=2"},
		{from(50, streams.ReadReq_Options_Forwards), 0, ""},
		{from(50, streams.ReadReq_Options_Forwards), 1, "first=3 last=2"}, // where the next event will be
		{from(3, streams.ReadReq_Options_Forwards), 1, "last=2"},
		{from(50, streams.ReadReq_Options_Backwards), 1, "2 1 0 last=2"},
	} {
		c.options.ControlOption = &streams.ReadReq_Options_ControlOption{Compatibility: c.compatibility}
		all, err := s.receive(client, c.options)
		s.ok(err)
		if got := messages(all); got != c.want {
			s.Errorf("compatibility %d: got %s, want %s", c.compatibility, got, c.want)
		}
	}
}

// messages answers what a read brought, in short: revisions of events, and positions.
func messages(all []*streams.ReadResp) string {
	var got []string
	for _, m := range all {
		switch content := m.Content.(type) {
		case *streams.ReadResp_Event:
			got = append(got, fmt.Sprint(content.Event.GetEvent().GetStreamRevision()))
		case *streams.ReadResp_FirstStreamPosition:
			got = append(got, fmt.Sprint("first=", content.FirstStreamPosition))
		case *streams.ReadResp_LastStreamPosition:
			got = append(got, fmt.Sprint("last=", content.LastStreamPosition))
		default:
			got = append(got, fmt.Sprintf("%T", content))
		}
	}
	return strings.Join(got, " ")
}

func stringIDs(s *suite) {
	client, ok := s.wire()
	if !ok {
		return
	}
	id := uuid.New()
	call, err := client.Append(s.ctx)
	s.ok(err)
	s.ok(call.Send(appendOptions(s.stream("a"), &streams.AppendReq_Options{
		ExpectedStreamRevision: &streams.AppendReq_Options_NoStream{NoStream: &shared.Empty{}},
	})))
	proposed := proposal(nil)
	proposed.GetProposedMessage().Id = &shared.UUID{Value: &shared.UUID_String_{String_: id.String()}}
	s.ok(call.Send(proposed))
	_, err = call.CloseAndRecv()
	s.ok(err)
	options := streamRead(s.stream("a"))
	options.UuidOption.Content = &streams.ReadReq_Options_UUIDOption_String_{String_: &shared.Empty{}}
	all, err := s.receive(client, options)
	s.ok(err)
	if len(all) != 1 || all[0].GetEvent().GetEvent().GetId().GetString_() != id.String() {
		s.Errorf("got %v", all)
	}
	if read := s.whole(s.stream("a")); read[0].EventID != id {
		s.Errorf("the structured form is %s", read[0].EventID)
	}
}

func senselessOptions(s *suite) {
	client, ok := s.wire()
	if !ok {
		return
	}
	s.append(s.stream("a"), esdb.NoStream{}, 0, event(`{}`))
	for name, change := range map[string]func(*streams.ReadReq_Options){
		"no stream": func(o *streams.ReadReq_Options) { o.StreamOption = nil },
		"no count":  func(o *streams.ReadReq_Options) { o.CountOption = nil },
		"no filter": func(o *streams.ReadReq_Options) { o.FilterOption = nil },
		"filter on a stream": func(o *streams.ReadReq_Options) {
			o.FilterOption = &streams.ReadReq_Options_Filter{Filter: &streams.ReadReq_Options_FilterOptions{
				Filter: &streams.ReadReq_Options_FilterOptions_EventType{
					EventType: &streams.ReadReq_Options_FilterOptions_Expression{Prefix: []string{"a"}},
				},
				Window:                       &streams.ReadReq_Options_FilterOptions_Max{Max: 32},
				CheckpointIntervalMultiplier: 1,
			}}
		},
		"backwards subscription": func(o *streams.ReadReq_Options) {
			o.CountOption = &streams.ReadReq_Options_Subscription{Subscription: &streams.ReadReq_Options_SubscriptionOptions{}}
			o.ReadDirection = streams.ReadReq_Options_Backwards
		},
	} {
		options := streamRead(s.stream("a"))
		change(options)
		if _, err := s.receive(client, options); status.Code(err) != codes.InvalidArgument {
			s.Errorf("%s: %v", name, err)
		}
	}
}

func appendOptions(stream string, o *streams.AppendReq_Options) *streams.AppendReq {
	o.StreamIdentifier = identifier(stream)
	return &streams.AppendReq{Content: &streams.AppendReq_Options_{Options: o}}
}

func proposal(data []byte) *streams.AppendReq {
	id := uuid.New()
	return &streams.AppendReq{Content: &streams.AppendReq_ProposedMessage_{ProposedMessage: &streams.AppendReq_ProposedMessage{
		Id:       &shared.UUID{Value: &shared.UUID_String_{String_: id.String()}},
		Metadata: map[string]string{"type": "Noted", "content-type": "application/json"},
		Data:     data,
	}}}
}

func wrongVersionFields(s *suite) {
	client, ok := s.wire()
	if !ok {
		return
	}
	stream, known := s.stream("a"), proposal(nil)
	s.append(stream, esdb.NoStream{}, 0, event(`{}`))
	_, _, err := s.send(client, appendOptions(stream, exactly(0)), known)
	s.ok(err)
	type wrong = streams.AppendResp_WrongExpectedVersion
	none := &shared.Empty{}
	existing := func(w *wrong) *wrong {
		w.CurrentRevisionOption = &streams.AppendResp_WrongExpectedVersion_CurrentRevision{CurrentRevision: 1}
		w.CurrentRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_CurrentRevision_20_6_0{CurrentRevision_20_6_0: 1}
		return w
	}
	missing := func(w *wrong) *wrong {
		w.CurrentRevisionOption = &streams.AppendResp_WrongExpectedVersion_CurrentNoStream{CurrentNoStream: none}
		w.CurrentRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_NoStream_20_6_0{NoStream_20_6_0: none}
		return w
	}
	exact := func() *wrong {
		return &wrong{
			ExpectedRevisionOption:        &streams.AppendResp_WrongExpectedVersion_ExpectedRevision{ExpectedRevision: 7},
			ExpectedRevisionOption_20_6_0: &streams.AppendResp_WrongExpectedVersion_ExpectedRevision_20_6_0{ExpectedRevision_20_6_0: 7},
		}
	}
	for _, c := range []struct {
		stream  string
		options *streams.AppendReq_Options
		want    *wrong
	}{
		{stream, &streams.AppendReq_Options{ExpectedStreamRevision: &streams.AppendReq_Options_Revision{Revision: 7}}, existing(exact())},
		{s.stream("none"), &streams.AppendReq_Options{ExpectedStreamRevision: &streams.AppendReq_Options_Revision{Revision: 7}}, missing(exact())},
		{stream, &streams.AppendReq_Options{ExpectedStreamRevision: &streams.AppendReq_Options_NoStream{NoStream: none}}, existing(&wrong{
			ExpectedRevisionOption:        &streams.AppendResp_WrongExpectedVersion_ExpectedNoStream{ExpectedNoStream: none},
			ExpectedRevisionOption_20_6_0: &streams.AppendResp_WrongExpectedVersion_ExpectedRevision_20_6_0{ExpectedRevision_20_6_0: math.MaxUint64},
		})},
		{s.stream("none"), &streams.AppendReq_Options{ExpectedStreamRevision: &streams.AppendReq_Options_StreamExists{StreamExists: none}}, missing(&wrong{
			ExpectedRevisionOption:        &streams.AppendResp_WrongExpectedVersion_ExpectedStreamExists{ExpectedStreamExists: none},
			ExpectedRevisionOption_20_6_0: &streams.AppendResp_WrongExpectedVersion_StreamExists_20_6_0{StreamExists_20_6_0: none},
		})},
		{stream, &streams.AppendReq_Options{ExpectedStreamRevision: anything}, existing(&wrong{
			ExpectedRevisionOption:        &streams.AppendResp_WrongExpectedVersion_ExpectedAny{ExpectedAny: none},
			ExpectedRevisionOption_20_6_0: &streams.AppendResp_WrongExpectedVersion_Any_20_6_0{Any_20_6_0: none},
		})},
	} {
		// What is known goes first, for with any revision only a resend that is none can be wrong.
		answer, _, err := s.send(client, appendOptions(c.stream, c.options), known, proposal(nil))
		s.ok(err)
		if diff := cmp.Diff(c.want, answer.GetWrongExpectedVersion(), protocmp.Transform()); diff != "" {
			s.Errorf("%v: %s", c.options, diff)
		}
	}
}

func refusalTrailers(s *suite) {
	client, ok := s.wire()
	if !ok {
		return
	}
	untyped := proposal(nil)
	delete(untyped.GetProposedMessage().Metadata, "type")
	contentless := proposal(nil)
	delete(contentless.GetProposedMessage().Metadata, "content-type")
	for _, c := range []struct {
		event *streams.AppendReq
		text  string
		want  map[string]string
	}{
		{proposal(make([]byte, mebibyte+1)), "Maximum Append Size of 1048576 Exceeded.", map[string]string{
			"exception": "maximum-append-size-exceeded", "maximum-append-size": "1048576",
		}},
		{untyped, "Required Metadata Property 'type' is missing", map[string]string{
			"exception": "missing-required-metadata-property", "required-metadata-properties": "type,content-type",
		}},
		{contentless, "Required Metadata Property 'content-type' is missing", map[string]string{
			"exception": "missing-required-metadata-property", "required-metadata-properties": "type,content-type",
		}},
	} {
		var trailer metadata.MD
		call, err := client.Append(s.ctx, grpc.Trailer(&trailer))
		s.ok(err)
		s.ok(call.Send(appendOptions(s.stream("a"), &streams.AppendReq_Options{
			ExpectedStreamRevision: &streams.AppendReq_Options_Any{Any: &shared.Empty{}},
		})))
		s.ok(call.Send(c.event))
		_, err = call.CloseAndRecv()
		s.answered("refused", err, codes.InvalidArgument, c.text)
		for key, want := range c.want {
			if got := trailer.Get(key); len(got) != 1 || got[0] != want {
				s.Errorf("trailer %s is %v, want %s", key, got, want)
			}
		}
	}
}
