using Rlcm.Datasets;

namespace Rlcm.Tests.Datasets;

/// <summary>A folder that looks like the unpacked npm packages, with three emoji, one flag and one skin tone.</summary>
internal static class EmojiPackages
{
    public static void Write(string folder)
    {
        Write(folder, "emojibase-data/meta/groups.json", """{"groups":{"1":"people-body","2":"component","3":"animals-nature","9":"flags"}}""");
        Write(folder, "emojibase-data/en/data.json", """
            [
              {"label":"regional indicator A","hexcode":"1F1E6","order":1},
              {"label":"ewe","hexcode":"1F411","order":4,"group":3},
              {"label":"hand","hexcode":"270B","order":3,"group":1,"skins":[{"label":"hand: light skin tone","hexcode":"270B-1F3FB","order":3,"group":1}]},
              {"label":"polar bear","hexcode":"1F43B-200D-2744-FE0F","order":5,"group":3},
              {"label":"light skin tone","hexcode":"1F3FB","order":6,"group":2},
              {"label":"flag: Chad","hexcode":"1F1F9-1F1E9","order":7,"group":9}
            ]
            """);
        foreach (var name in (string[])["1f411", "270b", "270b-1f3fb", "1f43b-200d-2744-fe0f", "1f1f9-1f1e9"])
        {
            Png(Path.Combine(folder, "emoji-datasource-google/img/google/64", $"{name}.png"), 64);
            Png(Path.Combine(folder, "emoji-datasource-twitter/img/twitter/64", $"{name}.png"), 64);
            Write(folder, $"@lobehub/fluent-emoji-flat/assets/{name}.svg", """
                <svg xmlns="http://www.w3.org/2000/svg" width="32" height="32" viewBox="0 0 32 32"><rect x="0" y="0" width="16" height="32" fill="#ff0000"/></svg>
                """);
        }

        Directory.CreateDirectory(Path.Combine(folder, "@lobehub/fluent-emoji-3d/assets"));
    }

    /// <summary>A black square of the given size.</summary>
    public static void Png(string path, int size)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        SquareRaster.WritePng(path, new byte[size * size * 3], size);
    }

    private static void Write(string folder, string file, string text)
    {
        var path = Path.Combine(folder, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
