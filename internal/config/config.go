package config

import (
	"regexp"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/renthub/sluice/internal/expr"
)

// Config is a config that was read, checked and resolved. Blocks stand in file
// order.
type Config struct {
	Agent     Agent
	Admin     Admin
	Inputs    []Input // disabled ones too
	Parsers   []Parser
	Enrich    []Enrich // enabled ones only
	Retention Retention
	Buffer    Buffer
	Outputs   []Output   // disabled ones too
	Failovers []Failover // those of which both outputs are enabled
	Routes    []Route    // enabled ones only
	// RoutesHash changes when a document could go another way.
	RoutesHash uint64
	// Files are the sources by name, for the snippets of messages. They are
	// there also if the config is in error.
	Files map[string]*hcl.File

	secrets    []hcl.Range    // where secrets are given
	secretName *regexp.Regexp // finds those that were not read
	shown      []shown
}

// Agent is what concerns the process.
type Agent struct {
	LogLevel        string        // debug, info, warn or error
	LogFormat       string        // "text", "json", or "auto": text on a terminal
	ShutdownTimeout time.Duration // how long outputs may go on after a stop
}

// Admin is the HTTP address for status, health and metrics.
type Admin struct {
	Enabled bool
	Listen  string // host:port
	Token   Secret // needed on an address that is not loopback
}

// Input is an input block.
type Input struct {
	Type, Name string
	Address    string // "file.bookings"
	Enabled    bool
	Service    string
	Parser     []ParserRef // the first that matches; never empty
	Multiline  *Multiline  // nil: as the parser has it
	Fields     map[string]string
	Config     any    // the type's own, a pointer
	Hash       uint64 // of all settings
	Range      hcl.Range
}

// ParserRef names a parser: a built-in one, or that of a block.
type ParserRef struct {
	Builtin string // "json"
	Address string // "regex.gateway"; "" for a built-in
}

// Multiline says which lines are one record.
type Multiline struct {
	Start, Continue string // regular expressions; one at least is set
	Timeout         time.Duration
	MaxLines        int
	MaxBytes        int
}

// Parser is a parser block.
type Parser struct {
	Type, Name string
	Address    string
	Timezone   *time.Location // of times that name none
	Config     any
	Hash       uint64
	Range      hcl.Range
}

// Enrich is an enrich block. Its parts are applied in the order of the fields.
type Enrich struct {
	Name   string
	Inputs []string       // addresses; nil is all
	Where  expr.Condition // nil is always
	Rename [][2]string    // old and new path
	Set    []Setting
	Drop   bool
	Remove []string
	Redact *Redact
	Hash   uint64
	Range  hcl.Range
}

// Setting is a field and what it is set to.
type Setting struct {
	Key   string
	Value *expr.Value
}

// Redact says what is made unreadable.
type Redact struct {
	Fields   []string // paths whose values are replaced
	Patterns []string // built-in patterns, replaced wherever they occur
}

// Retention says how long each event is to be kept.
type Retention struct {
	Default string
	Classes []Class // in file order
	Hash    uint64
}

// Class is a retention class.
type Class struct {
	Name  string
	Keep  time.Duration  // 0 is for ever
	Where expr.Condition // nil: only by default, or by name
}

// Buffer is the disk log.
type Buffer struct {
	Path        string
	MaxSize     Size    // 0: by the size of the file system
	MinFree     float64 // fraction of the file system; 0: the buffer's default
	History     time.Duration
	HistorySize Size   // 0: no limit but max_size
	Durability  string // strict, group or relaxed
	DeadLetters Size   // how much the dead-letter log may hold; 0: none are kept
	Wrapping    string // address of the output whose requests stored blocks are ready for; "": the first that can
	Hash        uint64
}

// Output is an output block.
type Output struct {
	Type, Name  string
	Address     string // "elasticsearch.main"
	Enabled     bool
	OnFull      string // block or drop_oldest
	From        string // now or oldest: where an output begins that was never seen before
	RenamedFrom string // address of an output that this one takes the place of
	DeadLetters bool   // whether what can never be taken is kept
	Config      any
	Hash        uint64 // of all settings
	Range       hcl.Range
}

// Route is a route block. The first whose Where holds takes the document.
type Route struct {
	Name  string
	Where expr.Condition // nil is always
	To    []string       // addresses of enabled outputs; never empty
	// Require are fields without which an event that Where takes goes nowhere
	// but to the dead letters.
	Require []string
	Hash    uint64
	Range   hcl.Range
}

// Kinds are the component types that blocks can name.
type Kinds struct{ Inputs, Parsers, Outputs map[string]Kind }

// Kind is one component type.
type Kind struct {
	// New returns a pointer to a new config struct that holds the defaults.
	New func() any
	// Wraps says that stored blocks can be made ready for outputs of this type.
	Wraps bool
}

// Options are what a config can read besides its files.
type Options struct {
	Vars map[string]string // values of variables, by --var
	// Env looks up an environment variable; nil has none.
	Env func(name string) (value string, ok bool)
	// ReadFile reads for file(); nil has no files. A relative name is given
	// as seen from the folder of the config file.
	ReadFile func(name string) ([]byte, error)
	// Static checks without reading anything: what env() and file() return is
	// not known, and all that depends on it is taken to be right.
	Static bool
}
