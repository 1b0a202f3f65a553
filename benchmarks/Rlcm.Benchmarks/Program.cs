using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using Perfolizer.Horology;
using Rlcm.Benchmarks.Parts;

// Long operations, so few repetitions, but each of several calls: the first one after a pause waits for cores to wake up.
var job = Job.Default.WithWarmupCount(2).WithIterationCount(7).WithIterationTime(TimeInterval.FromMilliseconds(400)).WithUnrollFactor(1);
BenchmarkSwitcher.FromAssembly(typeof(Convolutions).Assembly).Run(args, DefaultConfig.Instance.AddJob(job));
