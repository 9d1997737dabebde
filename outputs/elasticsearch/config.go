package elasticsearch

import (
	"errors"
	"fmt"
	"strings"

	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/endpoints"
	"github.com/renthub/sluice/internal/expr"
)

// Config is the block of an elasticsearch output.
type Config struct {
	endpoints.Config
	Prefix         string         `hcl:"prefix,optional"`           // first part of the default stream's and of the templates' names
	CloudID        string         `hcl:"cloud_id,optional"`         // of a deployment in Elastic Cloud, instead of endpoints
	DataStream     *expr.Template `hcl:"data_stream,optional"`      // name of the data stream, may hold ${service.name}, ${retention.class} and other fields
	Index          *expr.Template `hcl:"index,optional"`            // name of plain indices instead of data streams, "logs-${retention.class}-${format_time("2006.01.02", timestamp)}"
	MaxStreams     int            `hcl:"max_streams,optional"`      // distinct stream names, or index names in a day; documents of further services go to the generic one
	Pipeline       string         `hcl:"pipeline,optional"`         // ingest pipeline that documents go through
	Routing        *expr.Template `hcl:"routing,optional"`          // what decides on the shard instead of the id
	Lifecycle      string         `hcl:"lifecycle,optional"`        // "dsl" has data stream lifecycles, "ilm" policies of index lifecycle management; by default dsl, and ilm with index
	Schema         string         `hcl:"schema,optional"`           // "ecs": the names of the Elastic Common Schema
	APIKey         config.Secret  `hcl:"api_key,optional"`          // encoded form, as Elasticsearch shows it
	Username       string         `hcl:"username,optional"`         // basic authentication
	Password       config.Secret  `hcl:"password,optional"`         // of the user
	MaxRequestSize config.Size    `hcl:"max_request_size,optional"` // before compression; the server's limit counts so too
	DocumentID     bool           `hcl:"document_id,optional"`      // ids from positions: what is sent twice is stored once; false indexes faster
	Bootstrap      string         `hcl:"bootstrap,optional"`        // "if_missing" puts index templates that are missing, "never" leaves all to you
	Product        string         `hcl:"product,optional"`          // "elasticsearch", or "any" for OpenSearch and others that speak its bulk API
	AWS            *AWS           `hcl:"aws,block"`                 // signs requests for Amazon OpenSearch Service
}

// The values of settings.
const (
	lifecycleDSL         = "dsl"
	lifecycleILM         = "ilm"
	schemaECS            = "ecs"
	bootstrapIfMissing   = "if_missing"
	bootstrapNever       = "never"
	productElasticsearch = "elasticsearch"
	productAny           = "any"
)

func defaults() Config {
	return Config{
		Config:         endpoints.Defaults(),
		Prefix:         "logs",
		MaxStreams:     200,
		MaxRequestSize: 4 << 20,
		DocumentID:     true,
		Bootstrap:      bootstrapIfMissing,
		Product:        productElasticsearch,
		Schema:         schemaECS,
	}
}

// resolved is c with what follows from its settings: the endpoints of a
// cloud_id, and what an AWS block and an index mean for others.
func (c Config) resolved() (Config, error) {
	if c.AWS != nil {
		c.Product = productAny
	}
	if c.Lifecycle == "" && c.Index != nil && c.Product == productElasticsearch {
		c.Lifecycle = lifecycleILM
	}
	if c.CloudID == "" {
		return c, nil
	}
	address, err := parseCloudID(c.CloudID)
	c.Endpoints = endpoints.At(address)
	return c, err
}

// schemes are those that endpoints can have; one without is http, or https
// once credentials are set.
func (c Config) schemes() []string {
	if c.hasCredentials() {
		return []string{"https", "http"}
	}
	return []string{"http", "https"}
}

func (c Config) hasCredentials() bool { return c.APIKey.IsSet() || c.Username != "" || c.AWS != nil }

// Validate implements config.Validator.
func (c Config) Validate() []config.Problem {
	var found []config.Problem
	bad := func(attr, format string, args ...any) {
		found = append(found, config.Problem{Attr: attr, Summary: "Wrong value for " + attr, Detail: fmt.Sprintf(format, args...)})
	}
	oneOf := func(attr, got, first, second string) {
		if got != first && got != second {
			bad(attr, "It can be %q or %q, not %q.", first, second, got)
		}
	}
	if c.CloudID != "" && len(c.Endpoints) > 0 {
		bad("cloud_id", "There are endpoints too. Set either cloud_id or endpoints.")
	}
	c, err := c.resolved()
	if err != nil {
		bad("cloud_id", "It cannot be read: %v. The page of the deployment shows it.", err)
	}
	c.checkCredentials(bad)
	c.checkNames(bad)
	oneOf("bootstrap", c.Bootstrap, bootstrapIfMissing, bootstrapNever)
	oneOf("product", c.Product, productElasticsearch, productAny)
	if c.Schema != schemaECS {
		bad("schema", `It can be "ecs", not %q.`, c.Schema)
	}
	if c.MaxRequestSize < 64<<10 {
		bad("max_request_size", "It is %v. It must be 64KiB or more.", c.MaxRequestSize)
	}
	if c.MaxStreams < 1 || c.MaxStreams > 10000 {
		bad("max_streams", "It is %d. It can be 1 to 10000.", c.MaxStreams)
	}
	return append(found, c.Problems(c.schemes()...)...)
}

// checkCredentials reports more than one way to log in.
func (c Config) checkCredentials(bad func(attr, format string, args ...any)) {
	basic := c.Username != "" || c.Password.IsSet()
	switch {
	case c.APIKey.IsSet() && basic:
		bad("api_key", "There is a username or password too. Set either api_key or username and password.")
	case c.AWS != nil && (c.APIKey.IsSet() || basic):
		bad("aws", "There is an api_key or username too. A request is signed for AWS, or has one of these.")
	case c.Password.IsSet() && c.Username == "":
		bad("password", "It is set and username is not.")
	}
}

// checkNames reports settings of names and lifecycles that do not go together.
func (c Config) checkNames(bad func(attr, format string, args ...any)) {
	if c.Index != nil && c.DataStream != nil {
		bad("index", "There is a data_stream too. Documents go to indices or to data streams.")
	}
	switch {
	case c.Lifecycle != "" && c.Lifecycle != lifecycleDSL && c.Lifecycle != lifecycleILM:
		bad("lifecycle", `It can be "dsl" or "ilm", not %q.`, c.Lifecycle)
	case c.Lifecycle == lifecycleDSL && c.Index != nil:
		bad("lifecycle", `Plain indices have no data stream lifecycle. Use "ilm".`)
	case c.Lifecycle == lifecycleILM && c.Product != productElasticsearch:
		bad("lifecycle", "Index lifecycle management is Elasticsearch's own: no other product has it.")
	}
	if !isName(c.Pipeline) {
		bad("pipeline", "It holds characters that no pipeline has.")
	}
}

// isName reports whether text can be the name of a pipeline, or is empty.
func isName(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`/\*?"<>|,#`, r) }) < 0
}

// check is what Validate finds as one error.
func (c Config) check() error {
	var errs []error
	for _, p := range c.Validate() {
		if !p.Warning {
			errs = append(errs, fmt.Errorf("%s: %s", p.Attr, p.Detail))
		}
	}
	return errors.Join(errs...)
}
