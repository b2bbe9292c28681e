// Package procedures holds the procedures that Redress ships, each a file of its own, and the JSON Schema that every
// procedure keeps to. A further procedure is a further file.
package procedures

import "embed"

// Files are the procedures.
//
//go:embed *.yaml
var Files embed.FS

// Schema is the JSON Schema redress.procedure/v1.
//
//go:embed procedure.schema.json
var Schema []byte
