"""A small keyword list: the rule of thumb that any model must beat.

Written by hand from the codebook's definitions, signals and rules, without ``labels/actors.json``
and ``labels/concepts.json``, and not tuned on any sentence. A label is given where a sentence names
the side it is about and holds one of its signals. A name or signal matches at the start of a word,
a Chinese one anywhere; case counts for abbreviations only. Knows the labels of this project: it
gives no others.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from benchmarks.peers.training_set import Bools, Floats, Label, TrainingSet

ABBREVIATIONS: dict[str, tuple[str, ...]] = {
    "us": ("U.S.", "US", "USA", "EE.UU.", "EE. UU.", "EEUU", "EUA", "NSA", "CIA"),
    "china": ("PRC", "PLA", "BRI", "RPC", "VR China"),
}
"""Names whose case counts: "US" is not "us"."""

NAMES: dict[str, dict[str, tuple[str, ...]]] = {
    "china": {
        "en": ("china", "chinese", "beijing", "xi jinping", "huawei", "cosco", "belt and road"),
        "es": ("chin", "pekín", "pekin", "franja y la ruta", "chancay"),
        "pt": ("chines", "chinês", "pequim", "cinturão e rota"),
        "de": ("chines", "peking", "seidenstraße"),
        "fr": ("chinois", "pékin", "route de la soie", "routes de la soie"),
        "zh": ("中国", "中方", "北京", "习近平", "一带一路", "华为", "我国", "中拉", "中非"),
    },
    "us": {
        "en": ("united states", "america", "american", "washington", "white house", "trump"),
        "es": ("estados unidos", "estadounidense", "norteamerican", "casa blanca", "rubio"),
        "pt": ("estados unidos", "estadunidense", "norte-american", "casa branca", "biden"),
        "de": ("vereinigte staaten", "vereinigten staaten", "amerika", "weißes haus"),
        "fr": ("états-unis", "etats-unis", "américain", "maison blanche", "pentagon"),
        "zh": ("美国", "美方", "华盛顿", "特朗普", "白宫", "对古巴", "美军"),
    },
}
"""How each side is named."""

SIDE_OF: dict[str, str] = {
    "pro_china_engagement": "china",
    "us_critical": "us",
    "security_alarm": "china",
}
"""Whom each label is about (codebook rule 13)."""

SIGNALS: dict[str, dict[str, tuple[str, ...]]] = {
    "pro_china_engagement": {
        "en": (
            *("win-win", "mutual benefit", "mutually beneficial", "reliable partner"),
            *("trusted partner", "shared future", "friendship", "fruitful", "tangible results"),
            *("non-interference", "jobs", "lower costs", "benefit", "welcome", "opportunit"),
            *("prosper", "thank", "grateful", "gratitude", "golden age", "great importance"),
            *("south-south", "builder of world peace", "public goods", "success", "admir"),
        ),
        "es": (
            *("ganar-ganar", "beneficio", "socio confiable", "socio fiable", "futuro compartido"),
            *("amistad", "fructífer", "resultados tangibles", "no injerencia", "empleo"),
            *("oportunidad", "prosperidad", "agradec", "gracias", "bienvenid", "éxito"),
            *("exitos", "sur-sur", "gran importancia"),
        ),
        "pt": (
            *("ganha-ganha", "benefício", "parceiro confiável", "futuro compartilhado"),
            *("amizade", "frutífer", "resultados concretos", "não interferência", "empregos"),
            *("oportunidade", "prosperidade", "agradec", "obrigad", "bem-vind", "sucesso"),
            *("sul-sul", "grande importância"),
        ),
        "de": (
            *("gegenseitigem nutzen", "beiderseitigem", "verlässlicher partner", "vorteil"),
            *("zuverlässig", "gemeinsame zukunft", "freundschaft", "fruchtbar", "erfolg"),
            *("nichteinmischung", "arbeitsplätze", "chance", "wohlstand", "dank", "begrüß"),
            *("willkommen", "profitier", "süd-süd"),
        ),
        "fr": (
            *("gagnant-gagnant", "bénéfice", "avantage mutuel", "mutuellement", "amitié"),
            *("partenaire fiable", "avenir partagé", "fructueu", "non-ingérence", "emplois"),
            *("opportunité", "prospérité", "remerci", "reconnaissan", "bienvenu", "salue"),
            *("succès", "réussite", "sud-sud", "résultats concrets"),
        ),
        "zh": (
            *("共赢", "双赢", "互利", "互惠", "友好", "友谊", "命运共同体", "感谢", "欢迎"),
            *("高度评价", "成果", "机遇", "繁荣", "可靠", "造福", "受益", "南南合作"),
            *("公共产品", "高度重视", "不干涉"),
        ),
    },
    "us_critical": {
        "en": (
            *("bully", "coerc", "threaten", "threats", "hypocri", "double standard", "interfer"),
            *("meddl", "backyard", "neglect", "ignor", "indifferen", "lectur", "condescen"),
            *("arrogan", "broken promise", "betray", "unilateral", "hegemon", "imperial"),
            *("blockade", "embargo", "punish", "blackmail", "trade war", "reckless"),
            *("empty chair", "half-hearted", "high-handed", "obsess", "forgot", "abandon"),
            *("cold war mentality", "illegal", "unjust", "aggress"),
        ),
        "es": (
            *("coacci", "coerci", "amenaza", "hipocres", "hipócrita", "doble rasero"),
            *("injerencia", "patio trasero", "descuid", "ignor", "indiferen", "arrogan"),
            *("promesas incumplidas", "promesas rotas", "traicion", "unilateral", "hegem"),
            *("imperial", "bloqueo", "embargo", "castig", "chantaj", "guerra comercial"),
            *("abandon", "ilegal", "injust", "agresi"),
        ),
        "pt": (
            *("coação", "coerç", "ameaça", "hipocris", "hipócrita", "dois pesos"),
            *("ingerência", "interferência", "quintal", "neglig", "ignor", "indiferen"),
            *(
                "arrogân",
                "promessas quebradas",
                "traiu",
                "traiç",
                "unilateral",
                "hegem",
                "imperial",
            ),
            *("bloqueio", "embargo", "puni", "chantag", "guerra comercial", "abandon"),
            *("ilegal", "injust", "agress"),
        ),
        "de": (
            *(
                "nötigt",
                "nötigung",
                "zwang",
                "drohung",
                "droht",
                "heuchel",
                "doppelmoral",
                "einmisch",
            ),
            *("hinterhof", "vernachlässig", "ignor", "gleichgültig", "belehr", "arrogan"),
            *("gebrochene versprechen", "verrat", "unilateral", "hegemon", "imperial"),
            *("blockade", "embargo", "bestraf", "erpress", "handelskrieg", "rücksichtslos"),
            *("völkerrechtswidrig", "überheblich", "im stich"),
        ),
        "fr": (
            *("coerci", "menace", "hypocri", "deux poids", "ingérence", "arrière-cour"),
            *("néglig", "ignor", "indifféren", "condescen", "arrogan", "trahi", "unilatéral"),
            *("hégémon", "impérial", "blocus", "embargo", "puni", "chantage"),
            *("guerre commerciale", "abandon", "illégal", "injust", "agress"),
        ),
        "zh": (
            *("霸凌", "胁迫", "威胁", "虚伪", "双重标准", "双标", "干涉", "后院", "忽视"),
            *("漠视", "说教", "傲慢", "背弃", "单边", "霸权", "帝国主义", "封锁", "禁运"),
            *("惩罚", "讹诈", "贸易战", "冷战思维", "非法", "抹黑", "打压", "无理"),
        ),
    },
    "security_alarm": {
        "en": (
            *("dual use", "dual-use", "warship", "frigate", "espionage", "spy", "spies"),
            *("surveill", "chokepoint", "foothold", "threat", "danger", "alarm", "warn"),
            *("worr", "predator", "debt trap", "debt-trap", "leverage", "coerc", "sovereignty"),
            *("national security", "dependen", "cyberattack", "cyber attack", "hack", "aggress"),
            *("invasion", "blackmail", "critical infrastructure", "malign", "militar"),
        ),
        "es": (
            *("doble uso", "buque de guerra", "buques de guerra", "fragata", "espiona", "espía"),
            *("vigilancia", "amenaza", "peligro", "alarma", "advert", "advirt", "preocup"),
            *("depredador", "trampa de la deuda", "soberanía", "seguridad nacional"),
            *("dependen", "ciberataque", "agresi", "invasión", "chantaj", "militar"),
            *("infraestructura crítica",),
        ),
        "pt": (
            *("duplo uso", "uso duplo", "navio de guerra", "navios de guerra", "fragata"),
            *("espiona", "espião", "vigilância", "ameaça", "perigo", "alarme", "alert"),
            *("preocup", "predató", "armadilha da dívida", "soberania", "segurança nacional"),
            *("dependên", "ciberataque", "agress", "invasão", "chantag", "militar"),
            *("infraestrutura crítica",),
        ),
        "de": (
            *("doppelnutzung", "kriegsschiff", "fregatte", "spiona", "überwach", "bedroh"),
            *("gefahr", "gefähr", "alarm", "warn", "sorge", "schuldenfalle", "druckmittel"),
            *("souveränität", "nationale sicherheit", "abhängig", "cyberangriff", "aggress"),
            *("invasion", "erpress", "militär", "kritische infrastruktur", "annexion"),
        ),
        "fr": (
            *("double usage", "navire de guerre", "navires de guerre", "frégate", "espion"),
            *("surveillance", "menace", "danger", "alarm", "avert", "inqui", "prédat"),
            *("piège de la dette", "souveraineté", "sécurité nationale", "dépendan"),
            *("cyberattaque", "agress", "invasion", "chantage", "militaire"),
            *("infrastructures critiques",),
        ),
        "zh": (
            *("军民两用", "军舰", "间谍", "监控", "监视", "威胁", "危险", "警告", "担忧"),
            *("担心", "掠夺", "债务陷阱", "主权", "国家安全", "依赖", "网络攻击", "侵略"),
            *("入侵", "胁迫", "关键基础设施", "军事"),
        ),
    },
}
"""What speaks for each label, per language; the language of a sentence is not asked."""


def train(training: TrainingSet) -> Label:
    """Return the list as a labeller; it learns nothing.

    A score is 0 without a signal or without the side, and grows with the number of signals, so
    that sentences can be ranked.
    """
    ids = training.taxonomy.ids
    sides = {side: _names_of(side) for side in NAMES}
    signals = {name: _pattern(_all_of(SIGNALS[name])) for name in ids if name in SIGNALS}

    def label(texts: Sequence[str]) -> tuple[Floats, Bools]:
        scores = np.zeros((len(texts), len(ids)))
        for row, text in enumerate(texts):
            for column, name in enumerate(ids):
                if name in signals and sides[SIDE_OF[name]].search(text):
                    n_signals = len(signals[name].findall(text))
                    scores[row, column] = n_signals / (n_signals + 1)
        return scores, scores > 0

    return label


def _names_of(side: str) -> re.Pattern[str]:
    exact = "|".join(rf"\b{re.escape(name)}(?!\w)" for name in ABBREVIATIONS[side])
    return re.compile(f"{exact}|{_pattern(_all_of(NAMES[side])).pattern}")


def _all_of(by_language: Mapping[str, Iterable[str]]) -> list[str]:
    return sorted({word for words in by_language.values() for word in words})


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    edge = {word: "" if word[0] >= "\u3400" else r"\b" for word in words}
    return re.compile(f"(?i:{'|'.join(edge[word] + re.escape(word) for word in words)})")
