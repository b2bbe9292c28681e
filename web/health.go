package web

import (
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// healthAnswer is what a health check gets. It names no part of the inside.
type healthAnswer struct {
	Status string `json:"status" doc:"ok, ready or not ready"`
}

func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) error {
	return answer(w, http.StatusOK, healthAnswer{"ok"})
}

func (s *Server) readyz(w http.ResponseWriter, r *http.Request) error {
	if err := s.Ready(r.Context()); err != nil {
		s.Log.WarnContext(r.Context(), "not ready", "cause", err)
		w.Header().Set("Retry-After", "1")
		return answer(w, http.StatusServiceUnavailable, healthAnswer{"not ready"})
	}
	return answer(w, http.StatusOK, healthAnswer{"ready"})
}

func (s *Server) metrics(w http.ResponseWriter, r *http.Request) error {
	promhttp.HandlerFor(s.Metrics, promhttp.HandlerOpts{}).ServeHTTP(w, r)
	return nil
}

// answer writes a value as JSON. It is made whole first, so that a fault leaves no half answer behind.
func answer(w http.ResponseWriter, status int, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // the client may have gone
	return nil
}
