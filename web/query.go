package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"redress/domain"
	"redress/queries"
)

// oneOfEach returns the query parameters of the given names, each of which may come once. Others are left alone.
func oneOfEach(r *http.Request, names ...string) (map[string]string, error) {
	values := r.URL.Query()
	found := map[string]string{}
	for _, name := range names {
		if len(values[name]) > 1 {
			return nil, domain.BadValue(name, "given once")
		}
		found[name] = values.Get(name)
	}
	return found, nil
}

// onlyThese is oneOfEach where no other parameter is known.
func onlyThese(r *http.Request, names ...string) (map[string]string, error) {
	if err := noOthers(r, names...); err != nil {
		return nil, err
	}
	return oneOfEach(r, names...)
}

// noOthers refuses parameters of other names: a filter with a slip in its name must not pass for none.
func noOthers(r *http.Request, names ...string) error {
	for name := range r.URL.Query() {
		if !slices.Contains(names, name) {
			return domain.Reject(domain.UnknownFieldCode, "there is a parameter that is not known here")
		}
	}
	return nil
}

// splitLists takes a parameter that comes several times, as a list with commas, or both.
func splitLists(values []string) [][]string {
	lists := make([][]string, 0, len(values))
	for _, value := range values {
		if value != "" {
			lists = append(lists, strings.Split(value, ","))
		}
	}
	return lists
}

// dateOf reads a civil date; no text is no date.
func dateOf(name, text string) (domain.Date, error) {
	var none domain.Date
	if text == "" {
		return none, nil
	}
	on, err := domain.ParseDate(text)
	if err != nil {
		return none, domain.BadValue(name, "a date, YYYY-MM-DD")
	}
	return on, nil
}

// await waits until the read models have reached a position that the caller has seen; no text is no wait.
func (s *Server) await(r *http.Request, position string) error {
	if position == "" {
		return nil
	}
	n, err := strconv.ParseUint(position, 10, 63)
	if err != nil {
		return domain.BadValue("wait", "a position")
	}
	ctx, cancel := context.WithTimeout(r.Context(), freshness)
	defer cancel()
	err = s.Queries.WaitFor(ctx, n, freshness)
	if errors.Is(err, queries.ErrStandstill) || err != nil && ctx.Err() != nil && r.Context().Err() == nil {
		return &httpError{http.StatusServiceUnavailable, "READ_MODELS_BEHIND", "the read models have not reached this position yet"}
	}
	return err
}

// asRejection gives the answers of queries/ that may be shown the form in which everything is refused. What is left is
// a fault.
func asRejection(err error) error {
	var parameter *queries.ParameterError
	switch {
	case errors.As(err, &parameter):
		return domain.BadValue(strings.ReplaceAll(parameter.Name, "-", "_"), parameter.Rule)
	case errors.Is(err, queries.ErrNoCase):
		return errNoCase()
	case errors.Is(err, queries.ErrNotBuilt):
		return &httpError{http.StatusServiceUnavailable, "READ_MODELS_BUILDING", "the read models are being built"}
	}
	return err
}
