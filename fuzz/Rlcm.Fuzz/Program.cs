using Rlcm.Fuzz.Targets;
using SharpFuzz;

// afl-fuzz ... Rlcm.Fuzz TARGET: input after input, in one process. Without afl-fuzz: one input, from stdin. Without a target: their names.
if (args is not [var name])
{
    Console.WriteLine(string.Join('\n', FuzzTargets.All.Select(known => known.Name)));
    return;
}

var target = FuzzTargets.All.Single(known => known.Name == name);
var folder = Directory.CreateTempSubdirectory($"rlcm-fuzz-{name}-").FullName;
NetVips.Cache.Max = 0;
var isPrepared = false;
Fuzzer.Run(stream =>
{
    if (!isPrepared) // not before: nothing instrumented may run until the fuzzer does
        target.Prepare(folder);
    isPrepared = true;
    using var bytes = new MemoryStream();
    stream.CopyTo(bytes);
    target.Try(folder, bytes.ToArray());
});
Directory.Delete(folder, recursive: true);
