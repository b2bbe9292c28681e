package domain

import (
	"slices"
	"strings"
)

// DocumentAttached records that a document belongs to the case. The document itself stands elsewhere, sealed.
type DocumentAttached struct {
	DocID     Label         `json:"doc_id" rule:"required" doc:"unique in the case"`
	SHA256    Term          `json:"sha256" rule:"required" doc:"keyed digest of the sealed document, hexadecimal"`
	MediaType MediaType     `json:"media_type" rule:"required" doc:"what it is, as in application/pdf"`
	Size      int64         `json:"size" rule:"required" doc:"bytes"`
	Kind      Term          `json:"kind" rule:"required" doc:"what it is to the case, such as letter or evidence"`
	Title     Personal      `json:"title,omitzero" rule:"required" doc:"what it is called"`
	From      Correspondent `json:"from" rule:"required" doc:"from whom: a person, or a code for a body"`
}

// Schema names the event.
func (DocumentAttached) Schema() (string, int) { return "DocumentAttached", 1 }

// MediaType is the type of a document's content (RFC 6838), without parameters.
type MediaType string

// Valid reports whether it is a type and a subtype of the characters that the RFC allows, and at most 127 long each.
func (m MediaType) Valid() bool {
	kind, subtype, whole := strings.Cut(string(m), "/")
	return whole && mediaName(kind) && mediaName(subtype)
}

// Rule says what is right.
func (MediaType) Rule() string { return "a media type, such as application/pdf" }

func mediaName(s string) bool {
	return s != "" && len(s) <= 127 && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789!#$&-^_.+") == ""
}

func (e DocumentAttached) happen(c *Case, _ *Metadata) { c.Documents = append(c.Documents, e.DocID) }

// DecideAttachDocument answers with [DocumentAttached], also on a closed case. An id is used once.
func DecideAttachDocument(ctx Context, e DocumentAttached) ([]Event, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	if err := Preconditions(ctx, CommandRule{WhenClosed: true}, ctx.Now); err != nil {
		return nil, err
	}
	if slices.Contains(ctx.Case.Documents, e.DocID) {
		return nil, BadValue("doc_id", "an id that no other document of the case has")
	}
	if !e.MediaType.Valid() {
		return nil, BadValue("media_type", e.MediaType.Rule())
	}
	if err := knownCorrespondent(ctx, "from", e.From); err != nil {
		return nil, err
	}
	return []Event{e}, nil
}
