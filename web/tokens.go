package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"redress/commands"
	"redress/domain"
	"redress/web/accounts"
)

// newToken asks for a token of an account, which is made, with its person and its roles, where it is missing.
type newToken struct {
	Name       string        `json:"name" rule:"required" doc:"account name: 1-64 letters, digits and . _ -"`
	Roles      []domain.Role `json:"roles,omitzero" doc:"roles to grant where they are missing"`
	Service    domain.Term   `json:"service,omitzero" doc:"the service for which they are granted; left out: all"`
	Grade      int           `json:"grade,omitzero" doc:"the officer's grade"`
	ApprovedBy string        `json:"approved_by,omitzero" doc:"account name or person id of who approved the roles"`
	Expires    time.Time     `json:"expires,omitzero" doc:"when the token ends; left out: it does not"`
}

// madeToken is the answer to newToken. Nothing shows the token a second time.
type madeToken struct {
	Name    string        `json:"name"`
	ActorID uuid.UUID     `json:"actor_id" doc:"the person id under which the account acts"`
	Token   string        `json:"token" doc:"shown this once"`
	Expires *time.Time    `json:"expires"`
	Granted []domain.Role `json:"granted" doc:"the roles that were missing"`
}

// tokenInfo is what is shown of a token afterwards.
type tokenInfo struct {
	Name      string     `json:"name"`
	ActorID   uuid.UUID  `json:"actor_id"`
	CreatedAt time.Time  `json:"created_at"`
	Expires   *time.Time `json:"expires"`
	RevokedAt *time.Time `json:"revoked_at"`
	Valid     bool       `json:"valid"`
}

type tokenList struct {
	Tokens []tokenInfo `json:"tokens"`
}

// identity is who a token or a session stands for.
type identity struct {
	Name    string `json:"name" doc:"the account name, or operator"`
	ActorID string `json:"actor_id" doc:"the id under which the caller acts"`
}

type revoked struct {
	Revoked int `json:"revoked" doc:"how many tokens were valid until now"`
}

func (s *Server) tokenRoutes() []route {
	name := param{"name", "path", schema{"type": "string"}, "an account name"}
	return []route{
		{method: "GET", path: "/api/me", id: "me", answer: identity{}, summary: "Who the caller is", handle: s.me},
		{
			method: "POST", path: "/api/tokens", id: "addToken", status: http.StatusCreated, body: newToken{}, answer: madeToken{},
			summary: "Make an API token; its account, person and roles too where they are missing", handle: s.addToken,
		},
		{method: "GET", path: "/api/tokens", id: "listTokens", answer: tokenList{}, summary: "All API tokens, without their secrets", handle: s.listTokens},
		{
			method: "DELETE", path: "/api/tokens/{name}", id: "revokeTokens", params: []param{name}, answer: revoked{},
			summary: "End all tokens and sessions of an account at once", handle: s.revokeTokens,
		},
	}
}

func (s *Server) me(w http.ResponseWriter, r *http.Request) error {
	c := who(r)
	return answer(w, http.StatusOK, identity{Name: c.name, ActorID: c.actor.Rights()})
}

// addToken makes what is missing, in an order that may break off anywhere: person, account, roles, token. Asking again
// finishes it.
func (s *Server) addToken(w http.ResponseWriter, r *http.Request) error {
	var body newToken
	if err := readJSON(r, &body); err != nil {
		return err
	}
	if err := s.checkToken(body); err != nil {
		return err
	}
	if err := s.permit(r, domain.ActionGrant); err != nil {
		return err
	}
	account, err := s.account(r, body.Name)
	if err != nil {
		return err
	}
	granted, err := s.grantMissing(r, account, body)
	if err != nil {
		return err
	}
	var expires *time.Time
	if !body.Expires.IsZero() {
		expires = &body.Expires
	}
	secret, _, err := s.Accounts.Add(r.Context(), account, expires)
	if err != nil {
		return err
	}
	s.Log.InfoContext(r.Context(), "token made", "id", note(r).id, "actor", who(r).actor.ID, "for", account.ActorID)
	return answer(w, http.StatusCreated, madeToken{
		Name: account.Name, ActorID: account.ActorID, Token: secret, Expires: expires, Granted: granted,
	})
}

func (s *Server) checkToken(body newToken) error {
	switch {
	case body.Name == "":
		return domain.MissingField("name", accounts.NameRule)
	case !accounts.ValidName(body.Name):
		return domain.BadValue("name", accounts.NameRule)
	case body.Service != "" && !body.Service.Valid():
		return domain.BadValue("service", "1-64 letters, digits, spaces and - _ . /")
	case body.Grade < 0:
		return domain.BadValue("grade", "a number that is not negative")
	case !body.Expires.IsZero() && !body.Expires.After(s.Now()):
		return domain.BadValue("expires", "a moment that is still to come")
	}
	for _, role := range body.Roles {
		if !slices.Contains(role.Values(), string(role)) {
			return domain.BadValue("roles", "roles of the permission matrix")
		}
	}
	return nil
}

// account finds an account or makes it with a person of its own. The person is recorded under an id that follows from
// the name, so that two tries make one person. The system records it, whoever asked: it is nothing but an id, and an
// administrator, who may ask, has no right to record the persons of cases.
func (s *Server) account(r *http.Request, name string) (accounts.Account, error) {
	found, err := s.Accounts.Find(r.Context(), name)
	if !errors.Is(err, accounts.ErrUnknown) {
		return found, err
	}
	person := uuid.NewSHA1(uuid.NameSpaceURL, []byte("redress:"+s.Tenant+":account:"+name))
	system := &caller{actor: domain.Actor{ID: "system"}, way: domain.ViaProcess}
	if err := s.command(r.Context(), system, "RecordPerson", domain.PersonRecorded{PersonID: person}, "account"); err != nil {
		return accounts.Account{}, err
	}
	return s.Accounts.Open(r.Context(), name, person)
}

// command does a command that follows from a request.
func (s *Server) command(ctx context.Context, c *caller, name string, body any, key string) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	_, err = s.Commands.Do(ctx, commands.Request{Command: name, Body: data, Key: key, Actor: c.actor, WayIn: c.way})
	return err
}

// approver turns the name or the person id of an approver into the id; an empty text is nobody.
func (s *Server) approver(ctx context.Context, text string) (*uuid.UUID, error) {
	if text == "" {
		return nil, nil
	}
	if id, err := uuid.Parse(text); err == nil {
		return &id, nil
	}
	account, err := s.Accounts.Find(ctx, text)
	if errors.Is(err, accounts.ErrUnknown) {
		return nil, domain.BadValue("approved_by", "an account name or a person id")
	}
	return &account.ActorID, err
}

func (s *Server) listTokens(w http.ResponseWriter, r *http.Request) error {
	if err := s.permit(r, domain.ActionGrant); err != nil {
		return err
	}
	tokens, err := s.Accounts.List(r.Context())
	if err != nil {
		return err
	}
	list := tokenList{Tokens: []tokenInfo{}}
	for _, t := range tokens {
		list.Tokens = append(list.Tokens, tokenInfo{
			Name: t.Account.Name, ActorID: t.Account.ActorID, CreatedAt: t.CreatedAt,
			Expires: t.ExpiresAt, RevokedAt: t.RevokedAt, Valid: t.Valid(s.Now()),
		})
	}
	return answer(w, http.StatusOK, list)
}

func (s *Server) revokeTokens(w http.ResponseWriter, r *http.Request) error {
	if err := s.permit(r, domain.ActionGrant); err != nil {
		return err
	}
	n, err := s.Accounts.Revoke(r.Context(), r.PathValue("name"))
	if errors.Is(err, accounts.ErrUnknown) {
		return &httpError{http.StatusNotFound, "NOT_FOUND", "no account of that name"}
	}
	if err != nil {
		return err
	}
	s.Log.InfoContext(r.Context(), "tokens revoked", "id", note(r).id, "actor", who(r).actor.ID, "count", n)
	return answer(w, http.StatusOK, revoked{n})
}

// readJSON reads a body whose members are all known and none of which comes twice.
func readJSON(r *http.Request, into any) error {
	data, err := readBody(r)
	if err != nil {
		return err
	}
	err = json.UnmarshalRead(bytes.NewReader(data), into, json.RejectUnknownMembers(true))
	if errors.Is(err, json.ErrUnknownName) {
		return domain.Reject(domain.UnknownFieldCode, "the body has a field that is not known")
	}
	if err != nil {
		return domain.Reject(domain.BadValueCode, "the body cannot be read as what it should be")
	}
	return nil
}

// readBody reads a whole JSON body. A body that says it is something else is refused; one over the limit is the error
// of http.MaxBytesReader.
func readBody(r *http.Request) ([]byte, error) {
	if header := r.Header.Get("Content-Type"); header != "" {
		kind, _, err := mime.ParseMediaType(header)
		if err != nil || kind != "application/json" {
			return nil, &httpError{http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", "a body is application/json"}
		}
	}
	return io.ReadAll(r.Body)
}

// grantMissing grants those of the wanted roles that the account does not hold for the wanted service, and returns them.
func (s *Server) grantMissing(r *http.Request, account accounts.Account, body newToken) ([]domain.Role, error) {
	config, err := s.Config(r.Context())
	if err != nil {
		return nil, err
	}
	held := config.Grant(account.ActorID.String(), s.Now()).Held
	missing := []domain.Role{}
	for _, role := range body.Roles {
		has := slices.ContainsFunc(held, func(h domain.HeldRole) bool {
			return h.Role == role && h.Service == body.Service && (body.Grade == 0 || h.Grade == body.Grade)
		})
		if !has && !slices.Contains(missing, role) {
			missing = append(missing, role)
		}
	}
	if len(missing) == 0 {
		return missing, nil
	}
	approver, err := s.approver(r.Context(), body.ApprovedBy)
	if err != nil {
		return nil, err
	}
	// A key of its own for each try: a role may be granted, revoked and granted again.
	return missing, s.command(r.Context(), who(r), "GrantRole", domain.RoleGranted{
		ActorID: account.ActorID, Roles: missing, Service: body.Service, Grade: body.Grade, From: s.Now().UTC(), Approver: approver,
	}, uuid.NewString())
}
