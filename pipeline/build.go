package pipeline

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"path/filepath"
	"slices"

	"github.com/renthub/sluice/buffer"
	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/inputs"
	"github.com/renthub/sluice/inputs/framing"
	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/parsers"
)

// Components are the types that a config can name.
type Components struct {
	Inputs  []inputs.Type
	Parsers []parsers.Type
	Outputs []outputs.Type
	// Enrich makes the Enricher of an `enrich` block.
	Enrich func(e *config.Enrich) (Enricher, error)
}

// Kinds are the components as a config is checked against them.
func (c *Components) Kinds() config.Kinds {
	k := config.Kinds{Inputs: map[string]config.Kind{}, Parsers: map[string]config.Kind{}, Outputs: map[string]config.Kind{}}
	for _, t := range c.Inputs {
		k.Inputs[t.Name] = config.Kind{New: t.Config}
	}
	for _, t := range c.Parsers {
		k.Parsers[t.Name] = config.Kind{New: t.Config}
	}
	for _, t := range c.Outputs {
		k.Outputs[t.Name] = config.Kind{New: t.Config, Wraps: t.Wraps}
	}
	return k
}

func find[T any](list []T, is func(*T) bool) (*T, error) {
	for i := range list {
		if is(&list[i]) {
			return &list[i], nil
		}
	}
	return nil, fmt.Errorf("it is not among the %d types", len(list))
}

// Build makes a plan of a checked config. host are constant fields of all
// events: the machine's.
func Build(c *config.Config, k *Components, host []event.Constant) (*Plan, error) {
	b := builder{config: c, components: k, host: host, parsers: map[string]built{}}
	p := &Plan{
		Buffer:          bufferOptions(&c.Buffer),
		ShutdownTimeout: c.Agent.ShutdownTimeout,
		Wrapping:        c.Buffer.Wrapping,
		Graph:           GraphPlan{Chains: map[string]Chain{}, Default: c.Retention.Default},
	}
	if c.Buffer.DeadLetters > 0 {
		p.DeadLetters = deadLetterOptions(DeadLettersDir(c.Buffer.Path), int64(c.Buffer.DeadLetters))
	}
	for _, cl := range c.Retention.Classes {
		p.Graph.Classes = append(p.Graph.Classes, Class{Name: cl.Name, Keep: cl.Keep, Where: cl.Where})
	}
	for _, r := range c.Routes {
		p.Routes = append(p.Routes, Route{Name: r.Name, Where: r.Where, Hash: r.Hash, To: r.To, Require: r.Require})
	}
	for i := range c.Inputs {
		if err := b.input(p, &c.Inputs[i]); err != nil {
			return nil, err
		}
	}
	for i := range c.Outputs {
		if err := b.output(p, &c.Outputs[i]); err != nil {
			return nil, err
		}
	}
	b.protect(p)
	return p, nil
}

// protect collects what the outputs write. Inputs begin anew where that
// changes, since each must know of it.
func (b *builder) protect(p *Plan) {
	h := fnv.New64a()
	for i := range b.config.Outputs {
		o := &b.config.Outputs[i]
		if w, ok := o.Config.(outputs.Writer); ok && o.Enabled {
			for _, path := range w.Writes() {
				fmt.Fprintf(h, "%q\n", path)
				p.Own = append(p.Own, path)
			}
		}
	}
	for i := range p.Inputs {
		p.Inputs[i].Hash ^= h.Sum64()
	}
}

// deadLetterOptions are those of a log without cursors: all of it is history,
// and the oldest goes when it is full.
func deadLetterOptions(dir string, size int64) buffer.Options {
	return buffer.Options{Dir: dir, MaxSize: size, SegmentSize: size / 16, History: buffer.History{Size: size}, MinFree: -1, Ballast: -1}
}

// DeadLettersDir is where the dead letters of a buffer are.
func DeadLettersDir(buffer string) string { return filepath.Join(filepath.Dir(buffer), "dead-letters") }

func bufferOptions(c *config.Buffer) buffer.Options {
	o := buffer.Options{
		Dir: c.Path, MaxSize: int64(c.MaxSize), MinFree: c.MinFree,
		History: buffer.History{Age: c.History, Size: int64(c.HistorySize)},
	}
	switch c.Durability {
	case "strict":
		o.Durability = buffer.Strict
	case "relaxed":
		o.Durability = buffer.Relaxed
	}
	return o
}

// builder makes the parts of a plan that refer to each other.
type builder struct {
	config     *config.Config
	components *Components
	host       []event.Constant
	parsers    map[string]built // by address, or name of a built-in
}

type built struct {
	parsers.Parser
	framing string
	hash    uint64
}

func (b *builder) input(p *Plan, in *config.Input) error {
	if !in.Enabled {
		return nil
	}
	t, err := find(b.components.Inputs, func(t *inputs.Type) bool { return t.Name == in.Type })
	if err != nil {
		return fmt.Errorf("build input %s: %w", in.Address, err)
	}
	steps := b.steps(in)
	constants, steps := foldConstants(steps)
	chain, join, hash, err := b.chain(in, steps)
	if err != nil {
		return fmt.Errorf("build input %s: %w", in.Address, err)
	}
	p.Graph.Chains[in.Address] = chain
	deps := inputs.Deps{Service: in.Service, Framing: join}
	deps.Fields = mergeConstants(b.host, in.Fields, constants)
	if slices.ContainsFunc(deps.Fields, func(c event.Constant) bool { return c.Key == "service.name" }) {
		deps.Service = "" // `fields` and `set` go before
	}
	hash ^= hashConstants(deps.Fields)
	if in.Multiline != nil {
		m := in.Multiline
		deps.Join, err = framing.Multiline{Start: m.Start, Continue: m.Continue, Timeout: m.Timeout, MaxLines: m.MaxLines, MaxBytes: m.MaxBytes}.Rule()
		if err != nil {
			return fmt.Errorf("build input %s: %w", in.Address, err)
		}
	}
	p.Inputs = append(p.Inputs, InputPlan{
		Address: in.Address, Hash: in.Hash ^ hash, Deps: deps,
		Open: func(d inputs.Deps) (inputs.Input, error) { return t.Open(in.Config, d) },
	})
	return nil
}

// chain returns what the records of an input go through, the built-in rule by
// which their lines are joined, and a hash of what the input itself depends on.
func (b *builder) chain(in *config.Input, steps []config.Enrich) (c Chain, join string, hash uint64, err error) {
	var list []parsers.Parser
	for _, ref := range in.Parser {
		p, err := b.parser(ref)
		if err != nil {
			return c, "", 0, err
		}
		list = append(list, p.Parser)
		join = cmp.Or(join, p.framing)
		hash = hash*31 + p.hash
	}
	c.Parser = parsers.First(list)
	for i := range steps {
		step, err := b.components.Enrich(&steps[i])
		if err != nil {
			return c, "", 0, fmt.Errorf("enrich %q: %w", steps[i].Name, err)
		}
		c.Enrich = append(c.Enrich, step)
	}
	h := fnv.New64a()
	fmt.Fprint(h, join)
	return c, join, hash ^ h.Sum64(), nil
}

func (b *builder) parser(ref config.ParserRef) (built, error) {
	name := cmp.Or(ref.Address, ref.Builtin)
	if p, ok := b.parsers[name]; ok {
		return p, nil
	}
	typ, cfg, deps, hash := ref.Builtin, any(nil), parsers.Deps{Name: name}, uint64(0)
	if ref.Address != "" {
		block, err := find(b.config.Parsers, func(p *config.Parser) bool { return p.Address == ref.Address })
		if err != nil {
			return built{}, fmt.Errorf("find parser %s: %w", ref.Address, err)
		}
		typ, cfg, deps.Location, hash = block.Type, block.Config, block.Timezone, block.Hash
	}
	t, err := find(b.components.Parsers, func(t *parsers.Type) bool { return t.Name == typ })
	if err != nil {
		return built{}, fmt.Errorf("find parser %s: %w", name, err)
	}
	if cfg == nil {
		cfg = t.Config()
	}
	p, err := t.Open(cfg, deps)
	if err != nil {
		return built{}, fmt.Errorf("open parser %s: %w", name, err)
	}
	b.parsers[name] = built{p, t.Framing, hash}
	return b.parsers[name], nil
}

func (b *builder) output(p *Plan, o *config.Output) error {
	w, watches := o.Config.(outputs.Watcher)
	if !o.Enabled || watches && !w.Active() {
		return nil
	}
	if slices.ContainsFunc(b.config.Failovers, func(f config.Failover) bool { return f.Standby == o.Address }) {
		return nil // it comes with its primary
	}
	t, err := find(b.components.Outputs, func(t *outputs.Type) bool { return t.Name == o.Type })
	if err != nil {
		return fmt.Errorf("build output %s: %w", o.Address, err)
	}
	cursor := buffer.CursorOptions{RenamedFrom: o.RenamedFrom, Volatile: watches && w.Volatile()}
	if o.OnFull == "drop_oldest" {
		cursor.OnFull = buffer.DropOldest
	}
	if o.From == "oldest" {
		cursor.From = buffer.Oldest
	}
	plan := b.outputPlan(t, o, cursor)
	for _, f := range b.config.Failovers {
		if f.Primary == o.Address {
			if plan.Standby, err = b.standby(f); err != nil {
				return err
			}
			plan.Hash = plan.Hash*31 + plan.Standby.Hash + uint64(f.After)
		}
	}
	p.Outputs = append(p.Outputs, plan)
	return nil
}

// standby is the plan of the output that stands in for another.
func (b *builder) standby(f config.Failover) (*StandbyPlan, error) {
	o, err := find(b.config.Outputs, func(o *config.Output) bool { return o.Address == f.Standby })
	if err != nil {
		return nil, fmt.Errorf("find output %s: %w", f.Standby, err)
	}
	t, err := find(b.components.Outputs, func(t *outputs.Type) bool { return t.Name == o.Type })
	if err != nil {
		return nil, fmt.Errorf("build output %s: %w", f.Standby, err)
	}
	return &StandbyPlan{OutputPlan: b.outputPlan(t, o, buffer.CursorOptions{}), After: f.After}, nil
}

func (b *builder) outputPlan(t *outputs.Type, o *config.Output, cursor buffer.CursorOptions) OutputPlan {
	return OutputPlan{
		Address: o.Address, Hash: o.Hash ^ b.config.Retention.Hash, Cursor: cursor, DeadLetters: o.DeadLetters,
		Held: filepath.Join(HeldDir(b.config.Buffer.Path), o.Address),
		Open: func(d outputs.Deps) (outputs.Output, error) { return t.Open(o.Config, d) },
	}
}
