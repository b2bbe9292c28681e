// Package story plays stories: YAML files of the format redress.story/v1 that say what people did at which moment, what
// the system accepted or refused, and how the case stood afterwards. A council tries a procedure with them before it
// adopts it, and our tests play them to show that the domain does what its sources say.
//
// [Read] reads a file strictly and says everything that is wrong with it by line. A [Theatre] holds what all stories share,
// which is one private PostgreSQL; [Theatre.Play] gives each story a sandbox of the real parts (a database made from a
// template, a node and the official client, the command handler, the projections), whose clock is the story's.
//
// What must hold:
//
//   - A story never reaches a council's own data: everything it uses lies in one temporary folder, which goes with the
//     theatre. A killed process leaves that folder behind, and nothing in it is ever read again.
//   - The same story plays the same way each time: command ids come from its title and the number of the step.
//   - What no story says is checked all the same: a refused command appends nothing; after the last step the read models
//     equal a fresh fold, every case replays at every revision, and every accepted command sent again is answered alike
//     and appends nothing.
package story
