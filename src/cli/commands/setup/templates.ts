// What `overhaul init` writes. Every line that is not commented out is valid as it stands: a test parses both.

export const CONFIGURATION_TEMPLATE = `# Configuration of Overhaul. Workers, server and command line read it; a changed file holds within 10 s.
# Every key: docs/configuration.md, or \`overhaul schema configuration\`. Secrets are references, { env: NAME } or { file: PATH }.

# What tickets may ask for, by name. A playbook is a run or a campaign without targets.
playbooks:
  patch-openssl:
    run:
      script: 72648            # id or exact title of an approved script
      output: failed           # store the script's output of failed assets only
      errorBudget: { max: 5% } # stop when more than 5 % of the assets fail
    targets:
      choose: [assetIds, hostnames]   # what a ticket may name
      max: 500                        # and how many assets at most
    approval: { quorum: 1, expires: 3d }

# Who may send tickets. The body and its signature are described in docs/http-api.md.
# hooks:
#   changes:                           # POST /hooks/changes
#     system: standard
#     secrets: [{ env: CHANGES_HOOK_SECRET }]
#     playbook: patch-openssl

policy:
  approval: { aboveAssets: 1000 }      # larger runs wait for \`overhaul approve\`, however they were started
  caps: { callsPerHour: 300, executionsPerDay: 1000, concurrency: 2 }
  # executeInterval: 1m                # of your subscription, if you know it; else it is learned
  # scripts: { allow: [72648] }        # default: any approved script
  neverTouch:                          # never sent to, whatever anybody asks
    assetIds: []
    tags: []
    hostnames: []
`;

export const CAMPAIGN_TEMPLATE = `# A campaign: waves with gates over one cohort (docs/plans.md).
# See what it would do, nothing is sent:   overhaul plan campaign.yaml
# Start it:                                overhaul start campaign.yaml --watch
name: openssl
targets:
  assetTagIds: [7002]          # or query: { source: car, filter: "operatingSystem:CentOS" }
maxAssets: 2000                # a larger cohort is refused
steps:
  # assess: 72600              # exit code 0: nothing to do; another: it needs the remedy
  remediate: 72648             # id or exact title
  # verify: 72601              # decides success
waves:
  - { name: canary, size: 5, soak: 1d, errorBudget: { max: 0 } }
  - { name: ring, size: 10%, soak: 1d }
  - { name: rest }             # takes what is left
errorBudget: { max: 5%, minimum: 10 }
onBreach: pause                # pause, abort or rollback
approval: { quorum: 1, expires: 3d }
# windows: [{ days: [SAT, SUN], from: "22:00", to: "06:00", timezone: Europe/Berlin }]
`;
