// Package components lists every input, parser and output that a config can
// name. To add one, add a line.
package components

import (
	"github.com/renthub/sluice/inputs"
	fileinput "github.com/renthub/sluice/inputs/file"
	"github.com/renthub/sluice/inputs/stdout"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/cloudwatch"
	"github.com/renthub/sluice/outputs/console"
	"github.com/renthub/sluice/outputs/elasticsearch"
	fileoutput "github.com/renthub/sluice/outputs/file"
	"github.com/renthub/sluice/outputs/http"
	"github.com/renthub/sluice/outputs/kafka"
	"github.com/renthub/sluice/outputs/lumberjack"
	"github.com/renthub/sluice/outputs/splunk"
	"github.com/renthub/sluice/parsers"
	"github.com/renthub/sluice/parsers/apache"
	"github.com/renthub/sluice/parsers/auto"
	"github.com/renthub/sluice/parsers/json"
	"github.com/renthub/sluice/parsers/laravel"
	"github.com/renthub/sluice/parsers/logfmt"
	"github.com/renthub/sluice/parsers/nginx"
	"github.com/renthub/sluice/parsers/pattern"
	"github.com/renthub/sluice/parsers/raw"
	"github.com/renthub/sluice/parsers/regex"
	"github.com/renthub/sluice/pipeline"
)

// All returns the components of this build.
func All() *pipeline.Components {
	return &pipeline.Components{
		Inputs:  []inputs.Type{fileinput.Type, stdout.Type},
		Parsers: []parsers.Type{auto.Type, json.Type, logfmt.Type, pattern.Type, regex.Type, nginx.Type, apache.Type, laravel.Type, raw.Type},
		Outputs: []outputs.Type{console.Type, fileoutput.Type, elasticsearch.Type, splunk.Type, lumberjack.Type, http.Type, kafka.Type, cloudwatch.Type},
		Enrich:  enricher,
	}
}
