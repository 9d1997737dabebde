package cloudwatch

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/expr"
)

// Config is the block of a cloudwatch output.
type Config struct {
	Region        string            `hcl:"region,optional"`          // by default that of the environment, the profile or the instance
	Endpoints     []string          `hcl:"endpoints,optional"`       // one URL in place of the region's own, for a VPC endpoint or a stand-in
	Prefix        string            `hcl:"prefix,optional"`          // first part of the default groups' names
	LogGroup      *expr.Template    `hcl:"log_group,optional"`       // name of the group; by default PREFIX/${service.name}/${retention.class}
	LogStream     *expr.Template    `hcl:"log_stream,optional"`      // name of the stream; by default ${host.name}
	MaxStreams    int               `hcl:"max_streams,optional"`     // distinct pairs of group and stream; documents of further ones go to the generic stream
	MaxSpread     int               `hcl:"max_spread,optional"`      // how many streams one that is too slow can be spread over, as NAME/2, NAME/3; 1 never does
	Bootstrap     string            `hcl:"bootstrap,optional"`       // "if_missing" makes groups and streams that are missing, "never" leaves all to you
	LogGroupClass string            `hcl:"log_group_class,optional"` // of groups that are made: "standard" or "infrequent_access"; it can never be changed
	Tags          map[string]string `hcl:"tags,optional"`            // of groups that are made
	Message       string            `hcl:"message,optional"`         // the field that is the event's text, "message"; by default the whole document
	MaxEventSize  config.Size       `hcl:"max_event_size,optional"`  // a longer text is handled as on_large says
	OnLarge       string            `hcl:"on_large,optional"`        // "cut" shortens it with a mark, "split" makes several events of it
	Profile       string            `hcl:"profile,optional"`         // of the shared config and credentials files
	RoleARN       string            `hcl:"role_arn,optional"`        // a role to assume with the credentials found
	ExternalID    string            `hcl:"external_id,optional"`     // for the role, where its owner asks for one
	FIPS          bool              `hcl:"fips,optional"`            // uses the FIPS endpoint
	DualStack     bool              `hcl:"dual_stack,optional"`      // uses the endpoint that has IPv6 too
	CAFile        string            `hcl:"ca_file,optional"`         // PEM of another authority than the system's
	Timeout       config.Duration   `hcl:"timeout,optional"`         // of one call, from its first byte to the last of its answer
	InFlight      int               `hcl:"in_flight,optional"`       // streams that are sent to at a time
}

// The values of Config.Bootstrap, Config.LogGroupClass and Config.OnLarge.
const (
	bootstrapIfMissing    = "if_missing"
	bootstrapNever        = "never"
	classStandard         = "standard"
	classInfrequentAccess = "infrequent_access"
	onLargeCut            = "cut"
	onLargeSplit          = "split"
)

func defaults() Config {
	return Config{
		Prefix:        "/sluice",
		MaxStreams:    200,
		MaxSpread:     4,
		Bootstrap:     bootstrapIfMissing,
		LogGroupClass: classStandard,
		MaxEventSize:  1000000,
		OnLarge:       onLargeCut,
		Timeout:       config.Duration(30 * time.Second),
		InFlight:      4,
	}
}

// Validate implements config.Validator.
func (c *Config) Validate() []config.Problem {
	var list []config.Problem
	bad := func(attr, summary, detail string, args ...any) {
		list = append(list, config.Problem{Attr: attr, Summary: summary, Detail: fmt.Sprintf(detail, args...)})
	}
	oneOf := func(attr, value string, allowed ...string) {
		for _, a := range allowed {
			if value == a {
				return
			}
		}
		bad(attr, fmt.Sprintf("%s is %q", attr, value), "It can be %s.", strings.Join(allowed, " or "))
	}
	between := func(attr string, value, low, high int64, text string) {
		if value < low || value > high {
			bad(attr, attr+" is out of range", "It must be %s.", text)
		}
	}
	if err := c.checkEndpoints(); err != nil {
		bad("endpoints", err.Error(), "It takes one URL without credentials, such as https://vpce-1.logs.eu-west-1.vpce.amazonaws.com.")
	}
	oneOf("bootstrap", c.Bootstrap, bootstrapIfMissing, bootstrapNever)
	oneOf("log_group_class", c.LogGroupClass, classStandard, classInfrequentAccess)
	oneOf("on_large", c.OnLarge, onLargeCut, onLargeSplit)
	between("max_streams", int64(c.MaxStreams), 1, 10000, "1 to 10000")
	between("max_spread", int64(c.MaxSpread), 1, 16, "1 to 16")
	between("in_flight", int64(c.InFlight), 1, 64, "1 to 64")
	between("max_event_size", int64(c.MaxEventSize), 1024, maxCallBytes-perEvent, "1KiB to 1048550B: that is what a call can hold")
	between("timeout", int64(c.Timeout), int64(time.Second), int64(10*time.Minute), "1s to 10m")
	if len(c.Tags) > 50 {
		bad("tags", "More than 50 tags", "A log group cannot have more.")
	}
	if c.ExternalID != "" && c.RoleARN == "" {
		bad("external_id", "external_id without role_arn", "It belongs to a role that is assumed.")
	}
	if _, err := newForm(c); err != nil {
		bad("", err.Error(), "Names are made of letters, digits and . - _ / #; values from events are confined to letters, digits and . - _ before they are put in.")
	}
	return list
}

// CheckClasses implements config.ClassChecker.
func (c *Config) CheckClasses(classes []string) []config.Problem {
	if f, err := newForm(c); err == nil && len(classes) > 1 && !f.hasClass() {
		return []config.Problem{{Attr: "log_group", Summary: "log_group has no ${retention.class}", Warning: true,
			Detail: "A log group has one retention: classes that are kept for different times need groups of their own."}}
	}
	return nil
}

// check is all that is wrong with c as one error.
func (c *Config) check() error {
	var errs []error
	for _, p := range c.Validate() {
		if !p.Warning {
			errs = append(errs, errors.New(p.Summary+": "+p.Detail))
		}
	}
	return errors.Join(errs...)
}

func (c *Config) checkEndpoints() error {
	if len(c.Endpoints) > 1 {
		return errors.New("endpoints holds more than one")
	}
	for _, text := range c.Endpoints {
		u, err := url.Parse(text)
		switch {
		case err != nil, u.Hostname() == "", u.Scheme != "http" && u.Scheme != "https":
			return errors.New("an endpoint is no URL")
		case u.User != nil:
			return errors.New("an endpoint holds credentials")
		}
	}
	return nil
}
