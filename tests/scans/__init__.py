"""What attackers' and auditors' tools say of the running topology: `make scans`.

bandit reads the code; wapiti crawls and attacks the site; `probes` asks for what should not be there, in the manner of
nuclei; `observatory` counts as MDN's HTTP Observatory does. What they find is mended, or explained in docs/security.md:
a finding that is not there, and an explanation that nothing needs any more, end the run with an error.
"""
