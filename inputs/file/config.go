package file

import "github.com/renthub/sluice/internal/config"

// Config is the body of an `input "file"` block.
type Config struct {
	Paths       []string        `hcl:"paths"`
	Exclude     []string        `hcl:"exclude,optional"`
	StartAt     string          `hcl:"start_at,optional"`     // "beginning" or "end": of what files hold at the first start
	IgnoreOlder config.Duration `hcl:"ignore_older,optional"` // 0 reads all
	Encoding    string          `hcl:"encoding,optional"`

	MaxLineSize config.Size `hcl:"max_line_size,optional"`
	OnLongLine  string      `hcl:"on_long_line,optional"` // "split" or "truncate"

	RotateWait     config.Duration `hcl:"rotate_wait,optional"`
	PartialTimeout config.Duration `hcl:"partial_timeout,optional"` // 0 holds a last line until its file is gone
	Poll           config.Duration `hcl:"poll,optional"`
	Rescan         config.Duration `hcl:"rescan,optional"`
	MaxOpenFiles   int             `hcl:"max_open_files,optional"`
	MaxHeldBytes   config.Size     `hcl:"max_held_bytes,optional"`
}
