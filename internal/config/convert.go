package config

import (
	"encoding"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"regexp"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// convert sets v to a known value, or says what it should have been.
func convert(got cty.Value, v reflect.Value) error {
	if got.IsNull() {
		return nil // as if it were not there: the default stays
	}
	t := got.Type()
	switch v.Type() {
	case durationType, sizeType:
		return convertUnit(got, v)
	case regexpType:
		return convertRegexp(got, v)
	}
	if isText(v) {
		if isObject(v) && (t.IsObjectType() || t.IsMapType()) {
			return convertStruct(got, v)
		}
		if t != cty.String {
			return fmt.Errorf("text is needed here, not %s", kindOf(got))
		}
		return v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(got.AsString()))
	}
	switch v.Kind() {
	case reflect.String:
		if t != cty.String {
			return fmt.Errorf("text in quotes is needed here, not %s", kindOf(got))
		}
		v.SetString(got.AsString())
		return nil
	case reflect.Bool:
		return convertBool(got, v)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		return convertNumber(got, v)
	case reflect.Slice:
		return convertList(got, v)
	case reflect.Map:
		return convertMap(got, v)
	case reflect.Pointer:
		item := reflect.New(v.Type().Elem())
		if err := convert(got, item.Elem()); err != nil {
			return err
		}
		v.Set(item)
		return nil
	case reflect.Struct:
		return convertStruct(got, v)
	}
	panic(fmt.Sprintf("config struct: type %s cannot be decoded", v.Type()))
}

// convertUnit reads durations and sizes. A bare number is what people forget
// the unit of.
func convertUnit(got cty.Value, v reflect.Value) error {
	units, example := `a duration such as "30s" or "24h"`, "s"
	if v.Type() == sizeType {
		units, example = `a size such as "64KiB" or "8GiB"`, "B"
	}
	switch got.Type() {
	case cty.String:
		return v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(got.AsString()))
	case cty.Number:
		return fmt.Errorf("a number has no unit. Write %s, in quotes: \"%s%s\"", units, got.AsBigFloat().Text('f', -1), example)
	}
	return fmt.Errorf("%s is needed here, not %s", units, kindOf(got))
}

func convertRegexp(got cty.Value, v reflect.Value) error {
	if got.Type() != cty.String {
		return fmt.Errorf("a regular expression in quotes or in a <<-RE heredoc is needed here, not %s", kindOf(got))
	}
	re, err := regexp.Compile(strings.TrimSuffix(got.AsString(), "\n"))
	if err != nil {
		return fmt.Errorf("RE2 says: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	v.Set(reflect.ValueOf(re))
	return nil
}

func convertBool(got cty.Value, v reflect.Value) error {
	switch {
	case got.Type() == cty.Bool:
		v.SetBool(got.True())
		return nil
	case got.Type() == cty.String && (got.AsString() == "true" || got.AsString() == "false"): // from env()
		v.SetBool(got.AsString() == "true")
		return nil
	}
	return fmt.Errorf("true or false is needed here, not %s", kindOf(got))
}

func convertNumber(got cty.Value, v reflect.Value) error {
	if got.Type() == cty.String { // from env()
		n, err := cty.ParseNumberVal(got.AsString())
		if err != nil {
			return fmt.Errorf("a number is needed here, not text")
		}
		got = n
	}
	if got.Type() != cty.Number {
		return fmt.Errorf("a number is needed here, not %s", kindOf(got))
	}
	f := got.AsBigFloat()
	if v.CanFloat() {
		n, _ := f.Float64()
		v.SetFloat(n)
		return nil
	}
	if !f.IsInt() {
		return errors.New("a whole number is needed here")
	}
	if v.CanUint() {
		n, accuracy := f.Uint64()
		if accuracy != big.Exact || v.OverflowUint(n) {
			return errors.New("this number is out of range")
		}
		v.SetUint(n)
		return nil
	}
	n, accuracy := f.Int64()
	if accuracy != big.Exact || v.OverflowInt(n) {
		return errors.New("this number is out of range")
	}
	v.SetInt(n)
	return nil
}

func convertList(got cty.Value, v reflect.Value) error {
	t := got.Type()
	if !t.IsTupleType() && !t.IsListType() && !t.IsSetType() {
		if t == cty.String {
			return fmt.Errorf("a list is needed here: [%q]", got.AsString())
		}
		return fmt.Errorf("a list is needed here, not %s", kindOf(got))
	}
	items := got.AsValueSlice()
	out := reflect.MakeSlice(v.Type(), len(items), len(items))
	for i, item := range items {
		if err := convert(item, out.Index(i)); err != nil {
			return fmt.Errorf("element %d: %w", i+1, err)
		}
	}
	v.Set(out)
	return nil
}

func convertMap(got cty.Value, v reflect.Value) error {
	if !got.Type().IsObjectType() && !got.Type().IsMapType() {
		return fmt.Errorf("an object is needed here, { key = \"value\" }, not %s", kindOf(got))
	}
	out := reflect.MakeMap(v.Type())
	for key, member := range got.AsValueMap() {
		item := reflect.New(v.Type().Elem()).Elem()
		if err := convert(member, item); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		out.SetMapIndex(reflect.ValueOf(key), item)
	}
	v.Set(out)
	return nil
}

// convertStruct sets a struct from an object that a local or a variable holds.
func convertStruct(got cty.Value, v reflect.Value) error {
	if !got.Type().IsObjectType() && !got.Type().IsMapType() {
		return fmt.Errorf("an object is needed here, { key = \"value\" }, not %s", kindOf(got))
	}
	members, fields := got.AsValueMap(), fieldsOf(v)
	for _, f := range fields {
		member, ok := members[f.name]
		if !ok {
			if f.optional {
				continue
			}
			return fmt.Errorf("the key %q is needed", f.name)
		}
		delete(members, f.name)
		if err := convert(member, f.value); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	for key := range members {
		return fmt.Errorf("there is no key %q", key)
	}
	return nil
}

// kindOf names what a value is.
func kindOf(v cty.Value) string {
	t := v.Type()
	switch {
	case t == cty.String:
		return "text"
	case t == cty.Number:
		return "a number"
	case t == cty.Bool:
		return "true or false"
	case t.IsTupleType() || t.IsListType() || t.IsSetType():
		return "a list"
	}
	return "an object"
}
