// Package docs holds what the documentation shares with the program and its tests: the samples that a clone can import
// at once.
package docs

import "embed"

// Samples holds the files of docs/samples, by their names under samples/.
//
//go:embed samples
var Samples embed.FS
