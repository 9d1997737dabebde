package file

import "github.com/renthub/sluice/internal/config"

// Config is the body of an `input "file"` block.
type Config struct {
	Paths       []string        `hcl:"paths"`                 // globs; ** stands for any folders
	Exclude     []string        `hcl:"exclude,optional"`      // globs of files that are not read
	StartAt     string          `hcl:"start_at,optional"`     // "beginning" or "end": of what files hold at the first start. A file that comes later is read from its beginning
	IgnoreOlder config.Duration `hcl:"ignore_older,optional"` // files that nobody has written to for so long are not read; 0 reads all
	Encoding    string          `hcl:"encoding,optional"`     // of the files, "utf-16le" or "iso-8859-1"; UTF-8 unless a byte order mark says otherwise

	MaxLineSize config.Size `hcl:"max_line_size,optional"` // a longer line is cut there
	OnLongLine  string      `hcl:"on_long_line,optional"`  // "split" it into flagged pieces, or "truncate" it with a flag

	RotateWait     config.Duration `hcl:"rotate_wait,optional"`     // how long a file that was rotated away is watched for more lines
	PartialTimeout config.Duration `hcl:"partial_timeout,optional"` // a last line without an end goes as it is after so long; 0 holds it until its file is gone
	Poll           config.Duration `hcl:"poll,optional"`            // how often known files are looked at, besides the system's notices
	Rescan         config.Duration `hcl:"rescan,optional"`          // how often all paths are listed, besides the system's notices
	MaxOpenFiles   int             `hcl:"max_open_files,optional"`  // descriptors; files that wait for their turn are closed
	MaxHeldBytes   config.Size     `hcl:"max_held_bytes,optional"`  // what deleted files that are not read yet may hold; the oldest are given up beyond it, and counted
}
