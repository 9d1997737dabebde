package config

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// field is a field of a config struct that takes an attribute or a block.
type field struct {
	name     string
	optional bool
	block    bool
	value    reflect.Value
}

// fieldsOf returns the fields of config structs, which must be pointers. A
// struct that is embedded counts as if its fields stood in its place.
func fieldsOf(structs ...reflect.Value) []field {
	var all []field
	for _, s := range structs {
		s = reflect.Indirect(s)
		for i := range s.NumField() {
			f := s.Type().Field(i)
			tag, tagged := f.Tag.Lookup("hcl")
			switch {
			case f.Anonymous && !tagged && f.Type.Kind() == reflect.Struct:
				all = append(all, fieldsOf(s.Field(i))...)
			case tagged && tag != "-":
				all = append(all, newField(tag, s.Field(i)))
			}
		}
	}
	return all
}

func newField(tag string, v reflect.Value) field {
	name, option, _ := strings.Cut(tag, ",")
	f := field{name: name, value: v}
	switch option {
	case "":
	case "optional":
		f.optional = true
	case "block":
		f.block = true
	default:
		panic(fmt.Sprintf("config struct: unknown option in tag %q", tag))
	}
	return f
}

// newElement is a new struct of those that blocks of a field are decoded into.
func newElement(v reflect.Value) reflect.Value {
	t := v.Type()
	if t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return reflect.New(t).Elem()
}

// schemaOf is what hcl expects in a body with those fields. Labels of nested
// blocks are not used.
func schemaOf(fields []field) *hcl.BodySchema {
	s, seen := &hcl.BodySchema{}, map[string]bool{}
	for _, f := range fields {
		if seen[f.name] { // two structs that share the body want it
			continue
		}
		seen[f.name] = true
		if f.block {
			s.Blocks = append(s.Blocks, hcl.BlockHeaderSchema{Type: f.name})
			continue
		}
		s.Attributes = append(s.Attributes, hcl.AttributeSchema{Name: f.name, Required: !f.optional})
	}
	return s
}

// needsSettings reports whether a config struct has a required attribute.
func needsSettings(config any) bool {
	v := reflect.Indirect(reflect.ValueOf(config))
	if v.Kind() != reflect.Struct {
		return false
	}
	for _, f := range fieldsOf(v) {
		if !f.optional && !f.block {
			return true
		}
	}
	return false
}
