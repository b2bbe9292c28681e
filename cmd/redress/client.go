package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"redress/domain"
)

// client speaks to the HTTP API as the operator. The verbs that write go through it, so that a command from the command
// line takes the same path as any other.
type client struct {
	base   string
	token  string
	actFor string
}

// call sends one request and returns the body of a success. A problem document becomes a rejection, which carries the
// reason code to the exit code.
func (c client) call(ctx context.Context, method, path string, header map[string]string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	if len(body) > 0 {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.actFor != "" {
		request.Header.Set("X-Redress-For", c.actFor)
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return nil, err
	}
	if response.StatusCode/100 == 2 {
		return answer, nil
	}
	return nil, problemError(response.StatusCode, answer)
}

// problemError reads a problem document (RFC 9457). Codes of the domain become rejections; anything else is a failure.
func problemError(status int, body []byte) error {
	var problem struct {
		Title  string         `json:"title"`
		Detail string         `json:"detail"`
		Code   domain.Code    `json:"code"`
		Errors []domain.Fault `json:"errors"`
	}
	if err := json.Unmarshal(body, &problem); err != nil || problem.Code == "" || status >= 500 {
		return fmt.Errorf("the server answered %d %s", status, firstNonEmpty(problem.Detail, problem.Title))
	}
	rejection := domain.Reject(problem.Code, "%s", firstNonEmpty(problem.Detail, problem.Title))
	rejection.Faults = problem.Errors
	return rejection
}

// command sends one command of the list in commands/.
func (c client) command(ctx context.Context, name, key string, body []byte) ([]byte, error) {
	header := map[string]string{}
	if key != "" {
		header["Idempotency-Key"] = key
	}
	return c.call(ctx, http.MethodPost, "/api/commands/"+url.PathEscape(name), header, body)
}

// rejected is what a verb prints with --format json where a rule said no.
type rejected struct {
	Code   domain.Code    `json:"code"`
	Detail string         `json:"detail"`
	Errors []domain.Fault `json:"errors"`
}

// printRejection prints what was wrong field by field; the sentence itself is printed with every error.
func printRejection(out io.Writer, err error, format string) {
	rejection, ok := errors.AsType[*domain.Rejection](err)
	if !ok {
		return
	}
	if format == "json" {
		answer := rejected{rejection.Code, rejection.Detail, append([]domain.Fault{}, rejection.Faults...)}
		if text, err := json.Marshal(answer); err == nil {
			_ = writeAll(out, text) // the exit code tells it too
		}
		return
	}
	for _, fault := range rejection.Faults {
		fmt.Fprintf(out, "%s\t%s\t%s\n", fault.Code, fault.Field, fault.Rule)
	}
}

// actorID returns the person id of an account name; a person id stands for itself.
func (c client) actorID(ctx context.Context, name string) (string, error) {
	if _, err := uuid.Parse(name); err == nil {
		return name, nil
	}
	answer, err := c.call(ctx, http.MethodGet, "/api/tokens", nil, nil)
	if err != nil {
		return "", err
	}
	var list struct {
		Tokens []struct {
			Name    string `json:"name"`
			ActorID string `json:"actor_id"`
		} `json:"tokens"`
	}
	if err := json.Unmarshal(answer, &list); err != nil {
		return "", err
	}
	for _, t := range list.Tokens {
		if t.Name == name {
			return t.ActorID, nil
		}
	}
	return "", usageError{fmt.Errorf("there is no account %q", name)}
}

// me returns the id under which the client's token acts.
func (c client) me(ctx context.Context) (string, error) {
	answer, err := c.call(ctx, http.MethodGet, "/api/me", nil, nil)
	if err != nil {
		return "", err
	}
	var identity struct {
		ActorID string `json:"actor_id"`
	}
	return identity.ActorID, json.Unmarshal(answer, &identity)
}
