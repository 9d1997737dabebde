package sluice_test

import (
	"strings"
	"testing"

	"github.com/renthub/sluice"
	"github.com/renthub/sluice/internal/components"
	"github.com/renthub/sluice/internal/config"
)

// load reads the embedded config with the components of this build.
func load(t *testing.T, o config.Options) *config.Config {
	t.Helper()
	c, diags := config.LoadSources([]config.Source{{Name: "pipeline.hcl", Text: sluice.DefaultPipeline}}, components.All().Kinds(), o)
	if len(diags) > 0 {
		var b strings.Builder
		if err := c.Write(&b, diags, false); err != nil {
			t.Fatal(err)
		}
		t.Fatal(b.String())
	}
	return c
}

func TestTheDefaultPipelineIsValid(t *testing.T) {
	load(t, config.Options{Static: true})
}

func TestTheDefaultPipelineIsLaidOut(t *testing.T) {
	got, diags := config.Format("pipeline.hcl", sluice.DefaultPipeline)
	if diags.HasErrors() || string(got) != string(sluice.DefaultPipeline) {
		t.Error("pipeline.hcl is not as `sluice fmt` writes it")
	}
}

func TestTheDefaultPipelineFollowsTheEnvironment(t *testing.T) {
	tests := []struct {
		name string
		env  map[string]string
		want string // the enabled outputs
	}{
		{"without a provider it keeps an archive", nil, "console.terminal file.archive"},
		{"with elk it ships to Elasticsearch", map[string]string{"LOG_AGGREGATION_PROVIDER": "elk"}, "console.terminal elasticsearch.elk"},
		{"with Elasticsearch and Logstash it ships to Elasticsearch", map[string]string{"LOG_AGGREGATION_PROVIDER": "elk", "ELASTICSEARCH_HOSTS": "es:9200", "LOGSTASH_HOST": "logstash"}, "console.terminal elasticsearch.elk"},
		{"with Logstash alone it ships to Logstash", map[string]string{"LOG_AGGREGATION_PROVIDER": "elk", "ELASTICSEARCH_HOSTS": "", "LOGSTASH_HOST": "logstash", "LOGSTASH_PORT": "5045"}, "console.terminal lumberjack.logstash"},
		{"with a Logstash that is set to nothing it ships to Elasticsearch", map[string]string{"LOG_AGGREGATION_PROVIDER": "elk", "LOGSTASH_HOST": "", "LOGSTASH_PORT": ""}, "console.terminal elasticsearch.elk"},
		{"with Logstash and another provider it keeps an archive", map[string]string{"LOG_AGGREGATION_PROVIDER": "nowhere", "LOGSTASH_HOST": "logstash"}, "console.terminal file.archive"},
		{"with splunk it ships to Splunk", map[string]string{"LOG_AGGREGATION_PROVIDER": "splunk", "SPLUNK_HEC_URL": "https://splunk:8088", "SPLUNK_HEC_TOKEN": "t"}, "console.terminal splunk.hec"},
		{"with cloudwatch it ships to CloudWatch Logs", map[string]string{"LOG_AGGREGATION_PROVIDER": "cloudwatch", "AWS_REGION": "eu-central-1"}, "console.terminal cloudwatch.aws"},
		{"with aggregation switched off it keeps an archive", map[string]string{"LOG_AGGREGATION_ENABLED": "false", "LOG_AGGREGATION_PROVIDER": "elk"}, "console.terminal file.archive"},
		{"with another provider it keeps an archive", map[string]string{"LOG_AGGREGATION_ENABLED": "true", "LOG_AGGREGATION_PROVIDER": "nowhere"}, "console.terminal file.archive"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := load(t, config.Options{Env: func(name string) (string, bool) { v, ok := tt.env[name]; return v, ok }})
			var got []string
			for _, o := range c.Outputs {
				if o.Enabled {
					got = append(got, o.Address)
				}
			}
			if got := strings.Join(got, " "); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
