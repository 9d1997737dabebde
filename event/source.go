package event

// Source is one stream of records: a generation of a file, or one run of a
// program's output. It is made by its input and shared by its batches. Its
// exported fields are immutable once a batch has been emitted, but for Memo.
type Source struct {
	ID     uint64 // generation: 64 random bits, fixed before the first record is emitted
	Input  string // the input's address in the config, "file.bookings"
	Name   string // what a person calls it: a path, "stdout of php artisan"
	Stream string // "stdout", "stderr" or ""
	// Reread says that the bytes can be read again after a crash. Where they
	// cannot, lines count as taken only once they are on disk.
	Reread bool
	// Constants are fields of every document of this source. They are encoded
	// once.
	Constants []Constant
	// Memo is the parsers': what they remember of a source (which format it
	// has, the header of a CSV file). Only who holds a batch of the source
	// touches it, and a source is in one hand at a time.
	Memo any

	tails tails
}

// Constant is a field that is the same for all records of a source.
type Constant struct {
	Key   string // dotted, "log.file.path"
	Value string // text, not JSON
	// Ours says that no line can override it (log.file.*, kubernetes.*).
	// Elsewhere the line's value wins.
	Ours bool
}
