package pipeline

import (
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/config"
)

// steps are the enrich blocks that an input's records go through.
func (b *builder) steps(in *config.Input) []config.Enrich {
	var steps []config.Enrich
	for _, e := range b.config.Enrich {
		if e.Inputs == nil || contains(e.Inputs, in.Address) {
			steps = append(steps, e)
		}
	}
	return steps
}

// foldConstants takes out of the enrich blocks what they set to the same text
// for every record: it is encoded once for a source, not for each line. Only
// the blocks before the first condition or rename are looked at, and a field
// that a later block has to do with is left alone, so that the documents are
// the same either way.
func foldConstants(steps []config.Enrich) (constants []event.Constant, rest []config.Enrich) {
	rest = slices.Clone(steps)
	for i := range rest {
		e := &rest[i]
		if e.Where != nil || e.Drop || len(e.Rename) > 0 {
			break
		}
		var kept []config.Setting
		for _, s := range e.Set {
			kind, text, constant := s.Value.Constant()
			if !constant || kind != event.String || !foldable(s.Key) || touched(e.Remove, s.Key) || touchedLater(rest[i+1:], s.Key) {
				kept = append(kept, s)
				continue
			}
			constants = append(constants, event.Constant{Key: s.Key, Value: text, Ours: true})
		}
		e.Set = kept
	}
	rest = slices.DeleteFunc(rest, func(e config.Enrich) bool {
		return len(e.Set) == 0 && len(e.Rename) == 0 && len(e.Remove) == 0 && !e.Drop && e.Redact == nil
	})
	return constants, rest
}

// foldable reports whether a field can be a constant of a source: what each
// record has of its own, and what is always ours, cannot.
func foldable(key string) bool {
	for _, own := range []string{"message", "@timestamp", "log.level", "log.flags", "log.file", "labels.retention", "kubernetes", "sluice"} {
		if key == own || strings.HasPrefix(key, own+".") {
			return false
		}
	}
	return true
}

// touchedLater reports whether one of the blocks changes a field.
func touchedLater(steps []config.Enrich, key string) bool {
	for i := range steps {
		e := &steps[i]
		names := slices.Clone(e.Remove)
		for _, r := range e.Rename {
			names = append(names, r[0], r[1])
		}
		for _, s := range e.Set {
			names = append(names, s.Key)
		}
		if e.Redact != nil {
			names = append(names, e.Redact.Fields...)
		}
		if touched(names, key) {
			return true
		}
	}
	return false
}

// touched reports whether one of the names is key, above it or below it.
func touched(names []string, key string) bool {
	for _, n := range names {
		if n == key || strings.HasPrefix(n, key+".") || strings.HasPrefix(key, n+".") {
			return true
		}
	}
	return false
}

// mergeConstants joins the constants of the host, of an input's `fields` and
// of enrich blocks; the last of a key holds.
func mergeConstants(host []event.Constant, fields map[string]string, set []event.Constant) []event.Constant {
	all := slices.Clone(host)
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		all = append(all, event.Constant{Key: key, Value: fields[key]})
	}
	all = append(all, set...)
	var out []event.Constant
	for i, c := range all {
		if !slices.ContainsFunc(all[i+1:], func(o event.Constant) bool { return o.Key == c.Key }) {
			out = append(out, c)
		}
	}
	return out
}

func hashConstants(constants []event.Constant) uint64 {
	h := fnv.New64a()
	for _, c := range constants {
		fmt.Fprintf(h, "%q=%q %v\n", c.Key, c.Value, c.Ours)
	}
	return h.Sum64()
}
