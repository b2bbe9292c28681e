package web

import (
	"context"
	"crypto/sha256"
	"net/http"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/google/uuid"

	"redress/web/accounts"
)

// How long a session lives: idle after the first, whatever happens after the second.
const (
	sessionIdle = 30 * time.Minute
	sessionLife = 12 * time.Hour
)

// tokenKey is what a session holds: the id of the token it was made from, and nothing else.
const tokenKey = "token"

func (s *Server) newSessions() *scs.SessionManager {
	// Not scs.New, which starts a goroutine for a store that we do not use.
	return &scs.SessionManager{
		IdleTimeout: sessionIdle, Lifetime: sessionLife, HashTokenInStore: true,
		Store: accounts.Sessions{Accounts: s.Accounts}, Codec: scs.GobCodec{},
		ErrorFunc: s.fail,
		Cookie: scs.SessionCookie{
			Name: s.cookieName("session"), Path: "/", HttpOnly: true, Secure: s.secure(), SameSite: http.SameSiteLaxMode,
		},
	}
}

// cookieName gives a cookie the prefix by which browsers bind it to this host, where they reach us over TLS.
func (s *Server) cookieName(name string) string {
	if s.secure() {
		return "__Host-redress-" + name
	}
	return "redress-" + name
}

// sessionToken returns the id of the token that the session of a request was made from.
func (s *Server) sessionToken(ctx context.Context) (uuid.UUID, bool) {
	id, err := uuid.Parse(s.sessions.GetString(ctx, tokenKey))
	return id, err == nil
}

// startSession makes a new session from a token; an older one of the same browser ends, so that an id that somebody
// planted before is worth nothing.
func (s *Server) startSession(ctx context.Context, token accounts.Token) error {
	if err := s.sessions.RenewToken(ctx); err != nil {
		return err
	}
	s.sessions.Put(ctx, tokenKey, token.ID.String())
	return nil
}

// operatorSession reports whether a request carries a session that was made from the operator's token.
func (s *Server) operatorSession(r *http.Request) bool {
	cookie, err := r.Cookie(s.cookieName("operator"))
	return err == nil && local(r) && s.operator.touch(cookie.Value)
}

// setOperatorCookie hands out the id of an operator's session; an empty one takes it away.
func (s *Server) setOperatorCookie(w http.ResponseWriter, id string) {
	cookie := &http.Cookie{
		Name: s.cookieName("operator"), Value: id, Path: "/", HttpOnly: true, Secure: s.secure(), SameSite: http.SameSiteLaxMode,
	}
	if id == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(w, cookie)
}

// endOperatorSession ends the operator's session of a browser, where it has one.
func (s *Server) endOperatorSession(w http.ResponseWriter, r *http.Request) {
	if cookie, err := r.Cookie(s.cookieName("operator")); err == nil {
		s.operator.end(cookie.Value)
		s.setOperatorCookie(w, "")
	}
}

// operatorSessions are the sessions made from the operator's token. They live in memory only and end with the process.
type operatorSessions struct {
	now func() time.Time

	mu   sync.Mutex
	byID map[[sha256.Size]byte]*operatorLife // guarded by mu
}

type operatorLife struct{ began, seen time.Time }

func (l operatorLife) over(at time.Time) bool {
	return at.Sub(l.began) >= sessionLife || at.Sub(l.seen) >= sessionIdle
}

func newOperatorSessions(now func() time.Time) *operatorSessions {
	return &operatorSessions{now: now, byID: map[[sha256.Size]byte]*operatorLife{}}
}

// start begins a session, drops those that are over, and returns the new id.
func (o *operatorSessions) start() string {
	id, at := accounts.NewSecret(""), o.now()
	o.mu.Lock()
	defer o.mu.Unlock()
	for key, life := range o.byID {
		if life.over(at) {
			delete(o.byID, key)
		}
	}
	o.byID[sha256.Sum256([]byte(id))] = &operatorLife{began: at, seen: at}
	return id
}

// touch reports whether a session is alive, and keeps it from idling out.
func (o *operatorSessions) touch(id string) bool {
	at := o.now()
	o.mu.Lock()
	defer o.mu.Unlock()
	life := o.byID[sha256.Sum256([]byte(id))]
	if life == nil || life.over(at) {
		return false
	}
	life.seen = at
	return true
}

// end ends a session; one that is not there is none.
func (o *operatorSessions) end(id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.byID, sha256.Sum256([]byte(id)))
}
