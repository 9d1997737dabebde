// Package ecs puts what parsers find under the names of the Elastic Common
// Schema, so that the document that is made of a row is one that any
// destination takes.
//
// # What moves
//
//   - The keys that common loggers use for time, level and message become
//     @timestamp, log.level and message. Where a record has several, the one
//     that stands first in the tables of names.go wins and the others keep
//     their names.
//   - A scalar where ECS has an object moves to its leaf: "error" to
//     error.message, "service" to service.name.
//   - An object under a name that we write into (host, log, error, ...) is
//     flattened to dotted fields. An object where ECS has a scalar, such as
//     message, becomes text.
//   - Everything else that would make a key occur twice, or be a scalar and an
//     object at once, or is no name that Elasticsearch takes, moves to
//     labels.KEY, with underscores for its dots, and _2 and so on if that is
//     taken. Labels are text, as ECS has it. The first of two wins.
//   - What is always ours (kubernetes.*, log.file.*, log.flags, sluice.*,
//     labels.retention, and constants marked so) moves to labels.line_KEY: no
//     line can forge it.
//
// A null that would have to move is dropped: it says nothing. Nothing else is.
package ecs
