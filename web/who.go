package web

import (
	"context"
	"crypto/subtle"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"

	"redress/domain"
	"redress/web/accounts"
)

// caller is who sent a request, as the door has authenticated them. Rights are not part of it: see access.go.
type caller struct {
	actor domain.Actor
	name  string // account name, or "operator"
	way   domain.WayIn
}

// who returns the caller of a request to a route that is not open.
func who(r *http.Request) *caller { return r.Context().Value(callerKey{}).(*caller) }

// authenticate says who sent a request: the bearer token decides where there is one, else the session does. It returns
// errSignIn where neither is valid, without saying which part was wrong.
func (s *Server) authenticate(r *http.Request) (*caller, error) {
	c, err := s.identify(r)
	if err != nil {
		return nil, err
	}
	if name := r.Header.Get("X-Redress-For"); name != "" {
		return s.actFor(r.Context(), c, name)
	}
	return c, nil
}

func (s *Server) identify(r *http.Request) (*caller, error) {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, secret, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return nil, errSignIn
		}
		if s.isOperator(r, secret) {
			return s.operatorCaller(domain.ViaCLI), nil
		}
		token, err := s.Accounts.Authenticate(r.Context(), secret)
		return tokenCaller(token, domain.ViaAPI, err)
	}
	if s.operatorSession(r) {
		return s.operatorCaller(domain.ViaWeb), nil
	}
	id, ok := s.sessionToken(r.Context())
	if !ok {
		return nil, errSignIn
	}
	token, err := s.Accounts.Token(r.Context(), id)
	return tokenCaller(token, domain.ViaWeb, err)
}

func tokenCaller(token accounts.Token, way domain.WayIn, err error) (*caller, error) {
	if errors.Is(err, accounts.ErrUnknown) {
		return nil, errSignIn
	}
	if err != nil {
		return nil, err
	}
	return &caller{actor: domain.Actor{ID: token.Account.ActorID.String()}, name: token.Account.Name, way: way}, nil
}

func (s *Server) operatorCaller(way domain.WayIn) *caller {
	return &caller{actor: domain.Actor{ID: "operator:" + strconv.Itoa(s.UID), Operator: true}, name: "operator", way: way}
}

// isOperator reports whether a secret is the operator's token and came over loopback.
func (s *Server) isOperator(r *http.Request, secret string) bool {
	same := subtle.ConstantTimeCompare([]byte(secret), []byte(s.OperatorToken)) == 1
	return same && s.OperatorToken != "" && local(r)
}

// local reports whether a request came from this machine through a listener that no proxy stands before.
func local(r *http.Request) bool {
	if proxied, _ := r.Context().Value(proxiedKey{}).(bool); proxied {
		return false
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// actFor makes the operator act for a granted name. Nobody else may.
func (s *Server) actFor(ctx context.Context, c *caller, name string) (*caller, error) {
	if !c.actor.Operator {
		return nil, domain.Reject(domain.NotPermitted, "only the operator acts for somebody else")
	}
	account, err := s.Accounts.Find(ctx, name)
	if errors.Is(err, accounts.ErrUnknown) {
		return nil, domain.Reject(domain.NotPermitted, "no account of that name: see `redress token list`")
	}
	if err != nil {
		return nil, err
	}
	acting := *c
	acting.actor.OnBehalfOf, acting.name = account.ActorID.String(), account.Name
	return &acting, nil
}
