package web

import (
	"errors"
	"net/http"
	"strings"

	"redress/web/accounts"
)

// signInView is what the page for signing in prints.
type signInView struct {
	Frame frame
	Fault string // what was wrong with the last try; empty: nothing
}

// signInPage asks for a token.
func (s *Server) signInPage(w http.ResponseWriter, r *http.Request) error {
	return page(w, http.StatusOK, "sign-in", signInView{Frame: s.frame(r, "Sign in")})
}

// signIn takes a token once and gives the browser a session. The token itself is kept nowhere.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return err
		}
		return &httpError{http.StatusBadRequest, "BAD_VALUE", "the form cannot be read"}
	}
	secret := strings.TrimSpace(r.PostForm.Get("token"))
	if s.isOperator(r, secret) {
		s.setOperatorCookie(w, s.operator.start())
		s.Log.InfoContext(r.Context(), "signed in", "id", note(r).id, "actor", s.operatorCaller("").actor.ID)
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return nil
	}
	token, err := s.Accounts.Authenticate(r.Context(), secret)
	if errors.Is(err, accounts.ErrUnknown) {
		s.Log.WarnContext(r.Context(), "sign-in refused", "id", note(r).id)
		fault := "This token is not valid: it may have expired or been revoked"
		if secret == "" {
			fault = "Enter your token"
		}
		return page(w, http.StatusUnprocessableEntity, "sign-in", signInView{Frame: s.frame(r, "Error: Sign in"), Fault: fault})
	}
	if err != nil {
		return err
	}
	if err := s.startSession(r.Context(), token); err != nil {
		return err
	}
	s.endOperatorSession(w, r)
	s.Log.InfoContext(r.Context(), "signed in", "id", note(r).id, "actor", token.Account.ActorID)
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

// signOut ends the browser's session, on our side first.
func (s *Server) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := s.sessions.Destroy(r.Context()); err != nil {
		return err
	}
	s.endOperatorSession(w, r)
	w.Header().Set("Clear-Site-Data", `"cache", "cookies", "storage"`)
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
	return nil
}
