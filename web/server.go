package web

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/prometheus/client_golang/prometheus"

	"redress/commands"
	"redress/domain"
	"redress/queries"
	"redress/web/accounts"
)

// Server is the HTTP door of one process. Every field but those marked optional is required; none may change after
// [Server.Handler] was called.
type Server struct {
	Commands *commands.Handler
	Queries  *queries.Queries
	Accounts *accounts.Accounts
	// Config returns the config stream as it stands in the log now: roles are read from it with each request. nil:
	// Commands.Config.
	Config func(context.Context) (*domain.Config, error)

	OperatorToken string // the operator's token in runtime.json; accepted over loopback only
	UID           int    // the user id this process runs under: the operator acts as operator:<uid>
	Tenant        string
	Version       string
	PublicURL     string // optional: where browsers find us; with https, cookies are Secure and HSTS is sent
	Now           func() time.Time
	Metrics       *prometheus.Registry
	// Ready returns nil when commands and questions can be answered, else what is missing, in words without addresses.
	Ready func(context.Context) error
	Log   *slog.Logger

	sessions *scs.SessionManager
	operator *operatorSessions
	requests *prometheus.HistogramVec
}

// bodyLimit is the most a request's body may hold, in bytes.
const bodyLimit = commands.MaxBody

// freshness is the longest that a page waits for the read models to reach a position.
const freshness = 2 * time.Second

// Handler makes the handler of all routes. Call it once: it registers the metrics.
func (s *Server) Handler() http.Handler {
	if s.Config == nil {
		s.Config = s.Commands.Config
	}
	s.operator = newOperatorSessions(s.Now)
	s.sessions = s.newSessions()
	s.requests = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "redress_http_request_seconds", Help: "How long requests took, by route pattern, method and status.",
		Buckets: []float64{.001, .005, .01, .05, .1, .5, 1, 2, 5, 10, 30},
	}, []string{"route", "method", "status"})
	s.Metrics.MustRegister(s.requests)

	mux := http.NewServeMux()
	for _, rt := range s.routes() {
		mux.Handle(rt.method+" "+rt.path, s.handle(rt))
	}
	origin := http.NewCrossOriginProtection()
	if s.PublicURL != "" {
		if err := origin.AddTrustedOrigin(strings.TrimSuffix(s.PublicURL, "/")); err != nil {
			s.Log.Warn("the public URL is no origin: forms are accepted from the same host only", "cause", err)
		}
	}
	origin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, &httpError{http.StatusForbidden, "CROSS_ORIGIN", "this request came from another site"})
	}))
	return s.observe(s.headers(origin.Handler(s.fallback(mux))))
}

// handle wraps one route: who acts, the limit of the body, and one place for its error.
func (s *Server) handle(rt route) http.Handler {
	answer := func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, bodyLimit)
		if err := rt.handle(w, r); err != nil {
			s.fail(w, r, err)
		}
	}
	var h http.Handler
	switch rt.access {
	case open:
		h = http.HandlerFunc(answer)
	case visitor:
		h = s.sessions.LoadAndSave(http.HandlerFunc(answer))
	default:
		h = s.signedIn(answer)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		note(r).route = rt.path
		h.ServeHTTP(w, r)
	})
}

// signedIn lets only those through whom a token or a session identifies.
func (s *Server) signedIn(next http.HandlerFunc) http.Handler {
	return s.sessions.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := s.authenticate(r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		note(r).caller = c
		next(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, c)))
	}))
}

// fallback answers what no route matches in the same form as everything else: a problem under /api, after the caller
// has been authenticated, and a page elsewhere.
func (s *Server) fallback(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		answer := func(w http.ResponseWriter, r *http.Request) {
			probe := probe{header: http.Header{}}
			h.ServeHTTP(&probe, r)
			if probe.status == http.StatusMethodNotAllowed {
				w.Header().Set("Allow", probe.header.Get("Allow"))
				s.fail(w, r, &httpError{http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", "there is no such method here"})
				return
			}
			s.fail(w, r, &httpError{http.StatusNotFound, "NOT_FOUND", "there is nothing at this address"})
		}
		if isAPI(r) {
			s.signedIn(answer).ServeHTTP(w, r)
			return
		}
		answer(w, r)
	})
}

// probe is a response that goes nowhere: it shows what the mux would have answered.
type probe struct {
	header http.Header
	status int
}

func (p *probe) Header() http.Header         { return p.header }
func (p *probe) Write(b []byte) (int, error) { return len(b), nil }
func (p *probe) WriteHeader(status int)      { p.status = status }

// Serve answers requests from the listener until ctx ends, then lets running requests finish for ten seconds. With
// proxied, a reverse proxy stands in front: then nobody on this listener is the operator, whatever address they come from.
func Serve(ctx context.Context, ln net.Listener, h http.Handler, proxied bool) error {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      2 * time.Minute, // a report over all years is the slowest answer
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug),
		ConnContext: func(ctx context.Context, _ net.Conn) context.Context {
			return context.WithValue(ctx, proxiedKey{}, proxied)
		},
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ln) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err := server.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	<-ended
	return err
}

type (
	callerKey  struct{} // the *caller of a request whose route is not open
	proxiedKey struct{} // whether the request came through a listener behind a proxy
)
