package config

import (
	"fmt"
	"maps"
	"net"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/renthub/sluice/internal/expr"
)

func reflectOf(p any) reflect.Value { return reflect.ValueOf(p).Elem() }

type agentBlock struct {
	LogLevel        string   `hcl:"log_level,optional"`
	LogFormat       string   `hcl:"log_format,optional"`
	ShutdownTimeout Duration `hcl:"shutdown_timeout,optional"`
}

// settings decodes the one block of a type, if there is one.
func (l *loader) settings(blockType string, into any) (*decoder, *hcl.Block) {
	b := l.only(blockType)
	if b == nil {
		d := l.newDecoder("", blockType)
		l.show(d, blockType, nil, into)
		return d, nil
	}
	d := l.newDecoder(b.DefRange.Filename, "the "+blockType+" block")
	d.body(b.Body, "", into)
	l.show(d, blockType, b.Body, into)
	return d, b
}

// loadAgent reads what concerns the process.
func (l *loader) loadAgent() {
	a := agentBlock{LogLevel: "info", LogFormat: "auto", ShutdownTimeout: Duration(25 * time.Second)}
	d, _ := l.settings("agent", &a)
	d.oneOf("log_level", a.LogLevel, "debug", "info", "warn", "error")
	d.oneOf("log_format", a.LogFormat, "auto", "text", "json")
	l.config.Agent = Agent{LogLevel: a.LogLevel, LogFormat: a.LogFormat, ShutdownTimeout: a.ShutdownTimeout.Std()}
	l.finish(d)
}

// oneOf reports a setting that is none of the words it can be.
func (d *decoder) oneOf(name, got string, allowed ...string) {
	at, ok := d.places[name]
	if ok && !at.unknown && !d.hidden(at.rng) && !slices.Contains(allowed, got) {
		d.report(problem(at.rng, "Wrong value for "+name, "It can be %s, not %q.%s", alternatives(allowed), got, expr.DidYouMean(got, allowed)))
	}
}

// alternatives writes words to choose from.
func alternatives(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = strconv.Quote(w)
	}
	last := len(quoted) - 1
	return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
}

type adminBlock struct {
	Enabled bool   `hcl:"enabled,optional"`
	Listen  string `hcl:"listen,optional"`
	Token   Secret `hcl:"token,optional"`
}

// loadAdmin reads the admin address.
func (l *loader) loadAdmin() {
	a := adminBlock{Enabled: true, Listen: "127.0.0.1:7080"}
	d, b := l.settings("admin", &a)
	if b != nil && !d.places["listen"].unknown {
		d.checkListen(a, b.DefRange)
	}
	l.config.Admin = Admin(a)
	l.finish(d)
}

// checkListen holds an address that others can reach to having a token.
func (d *decoder) checkListen(a adminBlock, block hcl.Range) {
	rng := block
	if at, ok := d.places["listen"]; ok {
		rng = at.rng
	}
	host, port, err := net.SplitHostPort(a.Listen)
	if _, portErr := strconv.ParseUint(port, 10, 16); err != nil || portErr != nil {
		d.report(problem(rng, "Wrong value for listen", `An address is host:port, such as "127.0.0.1:7080".`))
		return
	}
	ip := net.ParseIP(host)
	loopback := host == "localhost" || ip != nil && ip.IsLoopback()
	if !loopback && !a.Token.IsSet() && !d.places["token"].unknown && a.Enabled {
		d.report(problem(rng, "admin needs a token", `%s can be reached from other machines. Set token = env("SLUICE_ADMIN_TOKEN"), or listen on 127.0.0.1.`, a.Listen))
	}
}

type bufferBlock struct {
	Path        string         `hcl:"path,optional"`
	MaxSize     Size           `hcl:"max_size,optional"`
	MinFree     hcl.Expression `hcl:"min_free,optional"`
	History     Duration       `hcl:"history,optional"`
	HistorySize Size           `hcl:"history_size,optional"`
	Durability  string         `hcl:"durability,optional"`
	DeadLetters Size           `hcl:"dead_letters,optional"`
	Wrapping    hcl.Expression `hcl:"wrapping,optional"`
}

// minBuffer is the smallest limit that leaves the log room to work.
const minBuffer = 16 << 20

// loadBuffer reads the buffer block.
func (l *loader) loadBuffer() {
	b := bufferBlock{Path: ".sluice/buffer", Durability: "group", DeadLetters: 256 << 20}
	d, _ := l.settings("buffer", &b)
	d.oneOf("durability", b.Durability, "strict", "group", "relaxed")
	if at, ok := d.places["path"]; ok && !at.unknown && b.Path == "" {
		d.report(problem(at.rng, "Wrong value for path", "The buffer needs a folder."))
	}
	if at, ok := d.places["max_size"]; ok && !at.unknown && b.MaxSize < minBuffer && !d.hidden(at.rng) {
		d.report(problem(at.rng, "Wrong value for max_size", "The buffer needs %s at least.", Size(minBuffer)))
	}
	l.config.Buffer = Buffer{
		Path: b.Path, MaxSize: b.MaxSize, MinFree: d.share("min_free", b.MinFree), History: b.History.Std(), HistorySize: b.HistorySize,
		Durability: b.Durability, DeadLetters: b.DeadLetters, Wrapping: l.wrapping(d, b.Wrapping), Hash: d.sum.sum(),
	}
	l.finish(d)
}

// wrapping reads which output stored blocks are made ready for.
func (l *loader) wrapping(d *decoder, e hcl.Expression) string {
	if e == nil {
		return ""
	}
	named := l.references(d, e, "output")
	if len(named) > 1 {
		d.report(problem(e.Range(), "More than one output", "Stored blocks are made ready for the requests of one. The others get the same documents, at some more work."))
	}
	if len(named) != 1 {
		return ""
	}
	typ, _, _ := strings.Cut(named[0], ".")
	kind, known := l.kinds.Outputs[typ]
	if known && !kind.Wraps {
		var can []string
		for _, name := range slices.Sorted(maps.Keys(l.kinds.Outputs)) {
			if l.kinds.Outputs[name].Wraps {
				can = append(can, name)
			}
		}
		d.report(problem(e.Range(), "Blocks cannot be made ready for output."+named[0], "Types of outputs whose requests can stand in the buffer as they are sent: %s.", strings.Join(can, ", ")))
		return ""
	}
	return named[0]
}

// checkWrapping warns of a choice that has no effect. Outputs are read.
func (l *loader) checkWrapping() {
	address := l.config.Buffer.Wrapping
	i := slices.IndexFunc(l.config.Outputs, func(o Output) bool { return o.Address == address })
	if i < 0 || l.config.Outputs[i].Enabled {
		return
	}
	b := l.only("buffer")
	l.report(warning(b.DefRange, fmt.Sprintf("output.%s is disabled", address), "While it is, stored blocks are made ready for the first output that they can be made ready for."))
}

// share reads a percentage, "15%", as a fraction.
func (d *decoder) share(name string, e hcl.Expression) float64 {
	if e == nil {
		return 0
	}
	v, diags := d.evaluate(e)
	d.report(diags...)
	if v, _ = v.UnmarkDeep(); diags.HasErrors() || !v.IsWhollyKnown() || v.IsNull() {
		return 0
	}
	d.sum.value(v)
	if v.Type().FriendlyName() == "string" {
		number, isPercent := strings.CutSuffix(v.AsString(), "%")
		if f, err := strconv.ParseFloat(strings.TrimSpace(number), 64); isPercent && err == nil && f > 0 && f < 100 {
			return f / 100
		}
	}
	d.report(problem(e.Range(), "Wrong value for "+name, `It is a percentage of the file system: "15%%".`))
	return 0
}
