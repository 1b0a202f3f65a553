using System.Collections.Concurrent;
using System.Text.Json;
using Rlcm.Imaging;
using Rlcm.Runtime;

namespace Rlcm.Datasets;

/// <summary>
/// A folder of captioned pictures in the Hugging Face Hub's imagefolder convention: pictures (PNG, WebP, JPEG) and a
/// <c>metadata.jsonl</c> with <c>file_name</c> and <c>text</c>, and optionally the other fields of <see cref="ImageRecord"/>.
/// </summary>
public sealed class ImageFolder
{
    /// <summary>Name of the file that lists the pictures.</summary>
    public const string MetadataFile = "metadata.jsonl";

    private const int ReportedProblems = 20;

    private ImageFolder(string path, IReadOnlyList<ImageRecord> records) => (Path, Records) = (path, records);

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>All pictures, in the order of the file.</summary>
    public IReadOnlyList<ImageRecord> Records { get; }

    /// <summary>Reads the list of pictures; does not decode them.</summary>
    /// <exception cref="FileContentException">One or several problems, all listed with file and line.</exception>
    public static ImageFolder Open(string path)
    {
        var problems = new List<string>();
        var records = ReadMetadata(path, problems);
        Report(path, problems);
        return new ImageFolder(path, [.. records.Select(entry => entry.Record)]);
    }

    /// <summary>Copies the pictures that <paramref name="keep"/> accepts, and their lines of metadata, into a new image folder.</summary>
    /// <param name="keep">Chooses pictures.</param>
    /// <param name="output">Folder to make; it must not exist or be empty.</param>
    /// <exception cref="UserErrorException">No picture is chosen, or <paramref name="output"/> is not empty.</exception>
    public ImageFolder Select(Func<ImageRecord, bool> keep, string output)
    {
        var chosen = Records.Where(keep).ToArray();
        if (chosen.Length == 0)
            throw new UserErrorException($"The image folder {Path} holds none of the pictures to select; check that both come from one dataset.");
        AtomicFolder.Write(output, unfinished =>
        {
            foreach (var record in chosen)
            {
                var copy = System.IO.Path.Combine(unfinished, record.FileName);
                Directory.CreateDirectory(System.IO.Path.GetDirectoryName(copy)!);
                File.Copy(System.IO.Path.Combine(Path, record.FileName), copy);
            }

            File.WriteAllLines(System.IO.Path.Combine(unfinished, MetadataFile), chosen.Select(record => record.ToLine()));
        });
        return new ImageFolder(output, chosen);
    }

    /// <summary>As <see cref="Open"/>, and decodes every picture to find damaged ones.</summary>
    /// <exception cref="FileContentException">One or several problems, all listed with file and line.</exception>
    public static ImageFolder Check(string path, CancellationToken cancellationToken = default)
    {
        var problems = new List<string>();
        var records = ReadMetadata(path, problems);
        var undecodable = new ConcurrentBag<(int Line, string Problem)>();
        Parallel.ForEach(records, new ParallelOptions { CancellationToken = cancellationToken }, entry =>
        {
            if (SquareRaster.TryDecode(System.IO.Path.Combine(path, entry.Record.FileName), 64, out var problem) is null)
                undecodable.Add((entry.Line, $"line {entry.Line}: {entry.Record.FileName} cannot be decoded ({problem.Reason})"));
        });
        problems.AddRange(undecodable.OrderBy(entry => entry.Line).Select(entry => entry.Problem));
        Report(path, problems);
        return new ImageFolder(path, [.. records.Select(entry => entry.Record)]);
    }

    /// <summary>Decodes <paramref name="records"/> in parallel, each fitted into size x size on white.</summary>
    /// <returns>[records, size, size, 3], in the order given.</returns>
    /// <exception cref="FileContentException">A picture cannot be decoded.</exception>
    public ImageBatch Decode(IReadOnlyList<ImageRecord> records, int size, CancellationToken cancellationToken = default)
    {
        var pixels = new byte[(long)records.Count * size * size * 3];
        var damaged = new ConcurrentQueue<(string File, PictureProblem Problem)>();
        Parallel.For(0, records.Count, new ParallelOptions { CancellationToken = cancellationToken }, i =>
        {
            var file = System.IO.Path.Combine(Path, records[i].FileName);
            if (SquareRaster.TryDecode(file, size, out var problem) is { } picture)
                picture.CopyTo(pixels, (long)i * size * size * 3);
            else
                damaged.Enqueue((file, problem));
        });
        if (damaged.TryPeek(out var first))
            throw new FileContentException(first.File, first.Problem.Position, $"Cannot decode the picture {first.File}: {first.Problem.Reason}; 'rlcm dataset check {Path}' lists all problems.");
        return new ImageBatch(pixels, records.Count, size, size);
    }

    private static List<(int Line, ImageRecord Record)> ReadMetadata(string path, List<string> problems)
    {
        var records = new List<(int, ImageRecord)>();
        var metadata = System.IO.Path.Combine(path, MetadataFile);
        if (!File.Exists(metadata))
            throw new UserErrorException($"The image folder {path} cannot be read: {MetadataFile} does not exist; check the path, or write one line for each picture.");

        var number = 0;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var lines = new StringReader(Utf8Text.Read(metadata));
        while (lines.ReadLine() is { } line)
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
                continue;
            try
            {
                var record = ImageRecord.Parse(line);
                var before = problems.Count;
                problems.AddRange(Problems(path, record, seen).Select(problem => $"line {number}: {problem}"));
                if (problems.Count == before)
                    records.Add((number, record));
            }
            catch (JsonException error)
            {
                problems.Add($"line {number}: not a record ({JsonMistake.DescribeInLine(error)})");
            }
        }

        if (records.Count == 0 && problems.Count == 0)
            problems.Add("it lists no pictures");
        return records;
    }

    private static IEnumerable<string> Problems(string path, ImageRecord record, HashSet<string> seen)
    {
        if (string.IsNullOrEmpty(record.FileName))
            yield return "file_name is missing";
        else if (LeavesFolder(record.FileName))
            yield return $"{record.FileName} leads out of the folder";
        else if (!File.Exists(System.IO.Path.Combine(path, record.FileName)))
            yield return $"{record.FileName} does not exist";
        else if (!ContainedFile.IsInside(path, System.IO.Path.Combine(path, record.FileName)))
            yield return $"{record.FileName} is a link out of the folder";
        else if (!seen.Add(System.IO.Path.GetFullPath(record.FileName, System.IO.Path.GetFullPath(path))))
            yield return $"{record.FileName} is listed before";
        if (string.IsNullOrWhiteSpace(record.Text))
            yield return "text is missing or empty";
        if (record.Split is not (null or HeldOutSplit.Train or HeldOutSplit.Test))
            yield return $"split is '{record.Split}', expected '{HeldOutSplit.Train}' or '{HeldOutSplit.Test}'";
    }

    private static bool LeavesFolder(string fileName) =>
        System.IO.Path.IsPathRooted(fileName) || fileName.Split('/', '\\').Contains("..");

    private static void Report(string path, List<string> problems)
    {
        if (problems.Count == 0)
            return;
        var rest = problems.Count > ReportedProblems ? $"; and {problems.Count - ReportedProblems} more" : "";
        throw new FileContentException(
            System.IO.Path.Combine(path, MetadataFile), problems is [var only] ? only.Split(':')[0] : null, $"The image folder {System.IO.Path.Combine(path, MetadataFile)} has {problems.Count} problem(s): {string.Join("; ", problems.Take(ReportedProblems))}{rest}. Mend or remove these lines.");
    }
}
