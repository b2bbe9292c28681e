package node

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
)

// reportedVersion is the server whose protocol and answers this is. Clients insist on three integers.
const reportedVersion = "23.10.6"

// maxMessage is how large a message the node accepts, as a real server does.
const maxMessage = 16<<20 - 10_000

// streamWorkers is how many goroutines wait for calls, with stacks that have grown already: an append spends more time in
// growing one than in being written. Calls that find all of them at work get goroutines of their own.
const streamWorkers = 128

// newServer answers the gRPC server. The official client pings every 10 s, also without calls: by default the
// server would take that for an attack.
func (n *Node) newServer() *grpc.Server {
	s := grpc.NewServer(
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 2 * time.Second, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 10 * time.Second, Timeout: 10 * time.Second}),
		grpc.MaxRecvMsgSize(maxMessage),
		grpc.NumStreamWorkers(streamWorkers),
		grpc.UnaryInterceptor(n.admitCall),
		grpc.StreamInterceptor(n.admitStream),
		grpc.UnknownServiceHandler(n.unknown),
	)
	streams.RegisterStreamsServer(s, &streamsServer{node: n})
	serverfeatures.RegisterServerFeaturesServer(s, &featuresServer{node: n})
	gossip.RegisterGossipServer(s, &gossipServer{node: n})
	return s
}

// open says whether calls are taken.
func (n *Node) open() bool {
	select {
	case <-n.refused:
		return false
	default:
		return true
	}
}

func (n *Node) admitCall(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if !n.open() {
		return nil, errUnavailable
	}
	answer, err := handler(ctx, req)
	return answer, n.status(err)
}

func (n *Node) admitStream(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	if !n.open() {
		return errUnavailable
	}
	return n.status(handler(srv, stream))
}

// unknown answers a call of what there is not.
func (n *Node) unknown(_ any, call grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(call)
	service := strings.TrimPrefix(path.Dir(method), "/")
	if _, ok := n.server.GetServiceInfo()[service]; ok {
		return errNoMethod
	}
	return errNoService
}

// status turns what the log answers into what the protocol knows.
func (n *Node) status(err error) error {
	if err == nil {
		return nil
	}
	if c, ok := errors.AsType[*CorruptError](err); ok {
		n.opts.Logger.Error("a read met damage in the log", "segment", c.Segment, "offset", c.Offset, "reason", c.Reason)
		n.scrubber.soon()
		return dataLoss(c)
	}
	if errors.Is(err, errStopped) {
		return errUnavailable
	}
	if disk, ok := errors.AsType[*fs.PathError](err); ok {
		// Which call has met it is chance: what else the disk does not give back is looked for now.
		n.opts.Logger.Error("the disk failed a read", "error", disk)
		n.scrubber.soon()
		return errDiskRead
	}
	return err
}

type streamsServer struct {
	streams.UnimplementedStreamsServer
	node *Node
}

type featuresServer struct {
	serverfeatures.UnimplementedServerFeaturesServer
	node *Node
}

// GetSupportedMethods lists exactly what is implemented.
func (s *featuresServer) GetSupportedMethods(context.Context, *shared.Empty) (*serverfeatures.SupportedMethods, error) {
	const service = "event_store.client.streams.streams"
	methods := []*serverfeatures.SupportedMethod{
		{MethodName: "read", ServiceName: service, Features: []string{"position", "events"}},
		{MethodName: "append", ServiceName: service},
		{MethodName: "delete", ServiceName: service},
		{MethodName: "tombstone", ServiceName: service},
		{MethodName: "read", ServiceName: "event_store.client.gossip.gossip"},
		{MethodName: "getsupportedmethods", ServiceName: "event_store.client.server_features.serverfeatures"},
	}
	return &serverfeatures.SupportedMethods{Methods: methods, EventStoreServerVersion: reportedVersion}, nil
}

type gossipServer struct {
	gossip.UnimplementedGossipServer
	node *Node
}

// Read answers the cluster: this node alone, and it leads. Over the unix socket it has no port to name.
func (s *gossipServer) Read(context.Context, *shared.Empty) (*gossip.ClusterInfo, error) {
	endpoint := &gossip.EndPoint{Address: "localhost"}
	if s.node.tcp != nil {
		if host, port, err := net.SplitHostPort(s.node.tcp.String()); err == nil {
			number, _ := strconv.ParseUint(port, 10, 16)
			endpoint.Address, endpoint.Port = host, uint32(number)
		}
	}
	return &gossip.ClusterInfo{Members: []*gossip.MemberInfo{{
		InstanceId:   structured(s.node.id),
		TimeStamp:    now(),
		State:        gossip.MemberInfo_Leader,
		IsAlive:      true,
		HttpEndPoint: endpoint,
	}}}, nil
}

// structured answers an id as two signed numbers, the client's form.
func structured(id uuid.UUID) *shared.UUID {
	return &shared.UUID{Value: &shared.UUID_Structured_{Structured: &shared.UUID_Structured{
		MostSignificantBits:  int64(be64(id[:8])),
		LeastSignificantBits: int64(be64(id[8:])),
	}}}
}
